// For HEALTHCHECK: ends well where the worker, or the API, of this container says that it is ready. Slim images have no curl.
const { BELAY_WORKER_HEALTH: worker = '127.0.0.1:7789', BELAY_API_PORT: port = '7788' } = process.env;

async function ask(address) {
  const response = await fetch(`http://${address}/ready`, { signal: AbortSignal.timeout(4000) });
  if (!response.ok) throw new Error(`${address}: ${response.status} ${await response.text()}`);
  return `${address} is ready`;
}

try {
  console.log(await Promise.any([ask(worker.replace(/^0\.0\.0\.0:/, '127.0.0.1:')), ask(`127.0.0.1:${port}`)]));
} catch (error) {
  console.error(error.errors.map(({ message, cause }) => cause?.message ?? message).join('\n'));
  process.exitCode = 1;
}
