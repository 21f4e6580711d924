import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECRET_NAMES } from '../../src/config-secrets.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import { newCanaries, singing, singingFiles, watchArguments } from '../support/canaries.ts';
import { belayUser, eventually } from '../support/cli.ts';
import type { BelayUser, Program } from '../support/cli.ts';
import { loopback } from '../support/loopback.ts';
import { startPostgres } from '../support/postgres.ts';
import { shellProgram } from '../support/programs.ts';
import { userProject } from '../support/project.ts';
import type { Project } from '../support/project.ts';
import { deliverTo } from '../support/webhooks.ts';

const canaries = newCanaries();
const of = (name: (typeof SECRET_NAMES)[number]): string => canaries[name] ?? '';
const resources = new AsyncDisposableStack();
/** What Belay has said to others, by where. */
const said: [string, string | Buffer][] = [];
let user: BelayUser;
let dev: Program;
let project: Project;
let api: { url: string; token: string };
let watch: ReturnType<typeof watchArguments>;
let dump: () => Promise<string>;

/** All that a process can know of its surroundings, and of those of who started it. */
const TELLTALE = 'env; env | base64; cat /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"; ';

beforeAll(async () => {
  const elsewhere = resources.use(await loopback((request, response) => void answer(request, response)));
  const postgres = resources.use(await startPostgres());
  const database = new URL(await postgres.createDatabase('canaries'));
  dump = () => rowsOf(postgres.urlOf('canaries'));
  await asAdmin(postgres.urlOf('canaries'), `create role canary login superuser password '${of('BELAY_DATABASE_URL')}'`);
  database.username = 'canary';
  database.password = encodeURIComponent(of('BELAY_DATABASE_URL'));
  const values: Record<string, string> = {
    ...canaries,
    BELAY_DATABASE_URL: database.href,
    BELAY_NOTIFY_URL: `${elsewhere.url}/hook/${encodeURIComponent(of('BELAY_NOTIFY_URL'))}`,
    GITHUB_APP_PRIVATE_KEY: `-----BEGIN PRIVATE KEY-----\n${of('GITHUB_APP_PRIVATE_KEY')}\n-----END PRIVATE KEY-----`,
  };
  user = resources.use(
    await belayUser({
      env: {
        ...values,
        BELAY_NOTIFY_EVENTS: 'run.started,run.waiting,run.parked,run.completed',
        BELAY_GITHUB_API_URL: elsewhere.url,
        BELAY_GITHUB_GIT_URL: `${elsewhere.url}/git/{owner}/{repo}.git`,
        BELAY_LOG_LEVEL: 'debug',
        BELAY_RETRIES: '1',
        BELAY_RETRY_BASE_MS: '10',
      },
    }),
  );
  watch = resources.use(watchArguments(canaries));
  const claude = await shellProgram(join(user.folder, 'claude'), `${TELLTALE} >&2\n${TELLTALE}\nexit 3`);
  dev = resources.use(await user.dev({ env: { BELAY_CLAUDE_PATH: claude } }));
  const [, token = '', url = ''] = await dev.says(/Bearer (\S+?)' (\S+?)\/api\/runs/);
  api = { url, token };
  project = await userProject(user.folder, {
    files: { '.belay.yml': `setup: 'env; env | base64'\ntest: '${TELLTALE.replaceAll("'", "''")} true'\n` },
  });
});
afterAll(() => resources.disposeAsync());

/** Repeats what it is sent, as servers do in their errors. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await textOf(request);
  const { url = '', headers } = request;
  if (url.startsWith('/hook')) said.push(['a notification', body]);
  const json = (value: object): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  if (url === '/repos/acme/shop')
    return json({ full_name: 'acme/shop', default_branch: 'main', archived: false, disabled: false, permissions: { push: true } });
  if (url === '/repos/acme/shop/branches/main') return json({ name: 'main' });
  const [, basic = ''] = /^Basic (.*)/.exec(headers.authorization ?? '') ?? [];
  const quoted = `${url} ${JSON.stringify(headers)} ${Buffer.from(basic, 'base64').toString()} ${encodeURIComponent(String(headers.authorization))}`;
  const isGit = url.startsWith('/git');
  response.writeHead(isGit && !basic ? 401 : 422, {
    'content-type': isGit ? 'text/plain' : 'application/json',
    ...(isGit && !basic ? { 'www-authenticate': 'Basic' } : {}),
  });
  response.end(isGit ? quoted : JSON.stringify({ message: quoted }));
}

const heard = new Map<string, string>();

async function call(path: string, request: { method?: string; body?: object } = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(`${api.url}${path}`, {
    method: request.method ?? 'GET',
    headers: { authorization: `Bearer ${api.token}`, ...(request.body ? { 'content-type': 'application/json' } : {}) },
    ...(request.body ? { body: JSON.stringify(request.body) } : {}),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  // What is asked again and again is kept when it has changed.
  if (heard.get(path) !== text) said.push([`the API at ${path}`, `${JSON.stringify([...response.headers])}\n${text}`]);
  heard.set(path, text);
  return { status: response.status, text };
}

async function endedRun(body: object): Promise<RunView> {
  const { status, text } = await call('/api/runs', { method: 'POST', body });
  expect([status, text]).toEqual([202, expect.any(String)]);
  const { id } = JSON.parse(text) as RunView;
  return eventually(async () => {
    const view = JSON.parse((await call(`/api/runs/${id}`)).text) as RunView;
    return ['completed', 'parked', 'failed'].includes(view.status) ? view : undefined;
  }, `the end of run ${id}`);
}

async function asAdmin(url: string, query: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(query)).rows as unknown[];
  } finally {
    await client.end();
  }
}

/** Everything in the database. */
async function rowsOf(url: string): Promise<string> {
  const tables = (await asAdmin(url, "select tablename from pg_tables where schemaname = 'public'")) as { tablename: string }[];
  const rows = await Promise.all(tables.map(async ({ tablename }) => [tablename, await asAdmin(url, `select * from "${tablename}"`)]));
  return JSON.stringify(rows);
}

test('every secret is one of these, and is in force', () => {
  expect(Object.keys(canaries)).toEqual([...SECRET_NAMES]);
  expect(SECRET_NAMES.length).toBeGreaterThan(10);
});

test('no secret is found where it does not belong: not in files, databases, answers, logs, arguments, notifications and what is published', async () => {
  const [done, crashed, refused] = await Promise.all([
    endedRun({ repository: project.path, request: 'Write it down' }),
    endedRun({ repository: project.path, request: 'Fail', engine: 'claude' }),
    endedRun({ repository: 'acme/shop', request: 'Fetch it' }),
  ]);
  expect(done).toMatchObject({ status: 'completed', outcome: 'pull_request' });
  expect(crashed).toMatchObject({ status: 'parked', errors: [{ code: 'engine_crashed' }] });
  expect(refused.status).toMatch(/parked|failed/);
  expect((await call('/api/runs', { method: 'POST', body: { repository: 'acme/shop', issue: '3' } })).status).toBe(422);
  const hook = `${api.url}/webhooks/github`;
  for (const secret of [of('GITHUB_WEBHOOK_SECRET'), of('GITHUB_WEBHOOK_SECRET_PREVIOUS'), 'another'])
    said.push(['the webhook', await (await deliverTo(hook, { secret, event: 'ping' })).text()]);
  for (const { id } of [done, crashed, refused]) {
    for (const part of ['', '/logs', '/logs/download', '/plan', '/diff', '/steps', '/history', '/trace', '/comments', '/artifacts'])
      await call(`/api/runs/${id}${part}`);
    const { items } = JSON.parse((await call(`/api/runs/${id}/artifacts?limit=200`)).text) as { items: { download: string }[] };
    for (const { download } of items) await call(download);
  }
  for (const path of ['/status', '/metrics', '/ready', '/openapi.json', '/api/runs', '/api/parked', '/api/repositories', '/api/none'])
    await call(path);
  await eventually(async () => (said.filter(([where]) => where === 'a notification').length >= 5 ? true : undefined), 'the notifications');
  const commands = [
    ['show', crashed.id],
    ['logs', crashed.id],
    ['doctor', '--json'],
    ['audit', 'list'],
  ];
  const outputs = await Promise.all(commands.map((args) => user.belay(args)));
  for (const [index, { stdout, stderr }] of outputs.entries()) said.push([`belay ${commands[index]?.join(' ')}`, stdout + stderr]);
  dev.kill('SIGTERM');
  const { stdout, stderr } = await dev.ended;
  said.push(['belay dev', stdout + stderr], ['the database', await dump()]);
  said.push(['the published branches', await project.git('log', '--all', '--patch')]);
  // The test sees something: what was told is there, without what is not to be told.
  const transcripts = said.filter(([where, text]) => where.includes('/api/artifacts/') && text.includes('ANTHROPIC_API_KEY=[redacted]'));
  expect(transcripts).not.toEqual([]);
  expect(watch.seen()).toBeGreaterThan(20);
  const found = [
    ...said.flatMap(([where, text]) => singing(canaries, text).map((each) => `${where}: ${each}`)),
    ...(await singingFiles(canaries, user.home)),
    ...(await singingFiles(canaries, project.path)),
    ...[...watch.found].map((each) => `an argument: ${each}`),
  ];
  expect(found).toEqual([]);
});
