import { expect, test } from 'vitest';
import { serveWorkerHealth } from '../../src/http/worker-health.ts';

test('a worker answers that it lives while it does not take up work, and says why not', async () => {
  let reason: string | undefined = 'It has not started yet';
  await using health = await serveWorkerHealth({ address: '127.0.0.1:0', obstacle: async () => reason });
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`${health.url}${path}`, { method });
    return [response.status, await response.json()];
  };
  expect(await ask('/health')).toEqual([200, { status: 'ok' }]);
  expect(await ask('/ready')).toEqual([503, { status: 'not ready', reason }]);
  reason = undefined;
  expect(await ask('/ready?from=probe')).toEqual([200, { status: 'ok' }]);
  expect(await ask('/metrics')).toMatchObject([404, {}]);
  expect(await ask('/ready', 'POST')).toMatchObject([405, {}]);
  const taken = serveWorkerHealth({ address: new URL(health.url).host, obstacle: async () => undefined });
  await expect(taken).rejects.toMatchObject({ code: 'address_unusable', hint: expect.stringContaining('BELAY_WORKER_HEALTH') });
});
