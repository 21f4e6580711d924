import { createPortRegistry } from '../../src/workspace/ports.ts';

/** Claims ports for a run, prints them, and waits to be killed. Arguments: home, folder, run id, first port, ports per range. */
const [home = '', folder = '', runId = '', first = '', size = ''] = process.argv.slice(2);
const [start, count] = [Number(first), Number(size)];
const registry = createPortRegistry({
  home,
  folder,
  backend: { first: start, last: start + count - 1 },
  frontend: { first: start + count, last: start + 2 * count - 1 },
});
process.stdout.write(`${JSON.stringify(await registry.claim({ runId }))}\n`);
setInterval(() => undefined, 60_000);
