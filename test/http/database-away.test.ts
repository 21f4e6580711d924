import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startApi } from '../../src/api.ts';
import type { ServedApi } from '../../src/http/serve-api.ts';
import { loadConfig } from '../../src/config.ts';
import { newToken } from '../../src/http/tokens.ts';
import { grantLedger } from '../../src/ledger/administer.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { eventually } from '../support/eventually.ts';
import { exampleRun } from '../support/example-run.ts';
import { startPostgres } from '../support/postgres.ts';
import { databaseOfRoles, grantedDatabase } from '../support/postgres-roles.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

interface AwayApi extends AsyncDisposable {
  log: readonly string[];
  get(path: string, token?: string): Promise<{ status: number; headers: Headers; json: unknown }>;
}

async function apiOf(url: string): Promise<AwayApi> {
  await using stack = new AsyncDisposableStack();
  const home = stack.use(await temporaryDirectory());
  const env = {
    PATH: process.env['PATH'],
    BELAY_HOME: join(home.path, 'home'),
    BELAY_ENGINE: 'scripted',
    BELAY_API_PORT: '0',
    BELAY_DATABASE_URL: url,
  };
  const log: string[] = [];
  const api: ServedApi = stack.use(
    await startApi({
      config: loadConfig(env),
      env,
      log: createLog({ level: 'warn', destination: { write: (line) => void log.push(line) } }),
      target: () => Promise.resolve(undefined),
    }),
  );
  const kept = stack.move();
  return {
    log,
    async get(path, token) {
      const response = await fetch(`${api.url}${path}`, token ? { headers: { authorization: `Bearer ${token}` } } : {});
      return { status: response.status, headers: response.headers, json: await response.json() };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

test('an API starts while its database is away, says so, and goes on by itself', async () => {
  await using server = await startPostgres();
  const { app } = await grantedDatabase(server, 'away');
  const { id, token, hash } = newToken();
  {
    await using ledger = await openLedger({ url: app });
    await ledger.createToken({ id, name: id, hash, role: 'viewer', repositories: ['acme/shop'], createdAt: new Date().toISOString() });
    await ledger.recordRun(exampleRun());
    await ledger.recordRun(exampleRun({ id: 'bbbbbbbb', repository: 'acme/secret' }));
  }
  await server.stop();
  await using api = await apiOf(app);
  expect(api.log.join('')).toContain('The database is not there yet');
  expect(await api.get('/health')).toMatchObject({ status: 200, json: { status: 'ok' } });
  expect(await api.get('/ready')).toMatchObject({ status: 503, json: { database: 'unreachable' } });
  const refused = await api.get('/api/runs', token);
  expect(refused).toMatchObject({ status: 503, json: { code: 'ledger_unreachable', status: 503 } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  await server.start();
  await eventually(async () => expect(await api.get('/ready')).toMatchObject({ json: { database: 'ok' } }));
  // And what the token is not for is not shown by the database either.
  expect(await api.get('/api/runs', token)).toMatchObject({ status: 200, json: { total: 1, items: [{ repository: 'acme/shop' }] } });
});

test('an API starts before the tables are there, and goes on once their owner has made them', async () => {
  await using server = await startPostgres();
  const { owner, app } = await databaseOfRoles(server, 'behind');
  await using api = await apiOf(app);
  expect(api.log.join('')).toContain('belay ledger migrate');
  const { token } = newToken();
  expect(await api.get('/api/runs', token)).toMatchObject({
    status: 503,
    json: { code: 'ledger_behind', hint: expect.stringContaining('BELAY_DATABASE_OWNER_URL') },
  });
  await grantLedger({ url: owner }, 'behind_app');
  expect(await api.get('/api/runs', token)).toMatchObject({ status: 401 });
});
