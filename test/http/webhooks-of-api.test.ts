import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startApi } from '../../src/api.ts';
import { loadConfig } from '../../src/config.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { deliverTo } from '../support/webhooks.ts';

async function api(settings: Record<string, string>) {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const env = { BELAY_HOME: join(path, 'home'), BELAY_API_PORT: '0', ...settings };
  await mkdir(env.BELAY_HOME);
  const files = { secret: join(path, 'secret'), previous: join(path, 'previous') };
  await writeFile(files.secret, 'first\n');
  const withFile = { ...env, GITHUB_WEBHOOK_SECRET_FILE: files.secret };
  const config = loadConfig(settings['GITHUB_WEBHOOK_SECRET_FILE'] === '' ? env : withFile);
  const served = stack.use(await startApi({ config, env, log: createLog({ level: 'silent' }) }));
  const kept = stack.move();
  const ping = async (secret: string): Promise<number> =>
    (await deliverTo(`${served.url}/webhooks/github`, { event: 'ping', secret })).status;
  return { ping, files, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

test('the API takes signed deliveries without a token, by the secret that its file holds now', async () => {
  await using served = await api({});
  expect([await served.ping('first'), await served.ping('second')]).toEqual([200, 401]);
  await writeFile(served.files.secret, 'second\n');
  expect([await served.ping('first'), await served.ping('second')]).toEqual([401, 200]);
});

test('without a secret the API knows no webhooks', async () => {
  await using served = await api({ GITHUB_WEBHOOK_SECRET_FILE: '' });
  expect(await served.ping('')).toBe(401);
});
