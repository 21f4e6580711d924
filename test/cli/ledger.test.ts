import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { describeError, exitCodeOf } from '../../src/cli/terminal.ts';
import { MIGRATIONS } from '../../src/ledger/migrations.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { exampleRun } from '../support/example-run.ts';
import { startPostgres } from '../support/postgres.ts';
import type { Postgres } from '../support/postgres.ts';
import { ask } from '../support/postgres-roles.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const at = '2026-11-20T10:00:00.000Z';
const entry = { at, actor: 'ada', role: 'admin', source: 'api', address: '10.0.0.1', action: 'run.cancel', runId: '0123abcd' };

interface Answer {
  code: number;
  /** Of its standard output. */
  lines: string[];
  /** What is said beside it, errors included. */
  notes: string;
}

/** A home with a ledger that has a run and three audit entries. */
async function home() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryDirectory());
  const path = join(folder.path, 'ledger.db');
  {
    await using ledger = await openLedger({ path });
    await ledger.recordRun(exampleRun({ status: 'completed', costUsd: 1.5, createdAt: new Date().toISOString() }));
    for (const actor of ['ada', 'bob', 'cy\u001b[31m']) await ledger.appendAudit({ ...entry, actor, detail: { reason: 'x' } });
  }
  const kept = stack.move();
  return {
    path,
    folder: folder.path,
    belay: (...args: string[]) => belay({ BELAY_HOME: folder.path }, ...args),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function belay(env: Record<string, string>, ...args: string[]): Promise<Answer> {
  const [lines, notes]: [string[], string[]] = [[], []];
  const out = (text: string): void => void lines.push(...text.split('\n'));
  const note = (text: string): void => void notes.push(text);
  const terminal = { live: false, piped: true, out, note, exact: out };
  const code = await createProgram({ env, terminal })(args).catch((error: unknown) => {
    note(describeError(error));
    return exitCodeOf(error);
  });
  return { code, lines, notes: notes.join('\n') };
}

const jsonOf = ({ lines }: Answer): unknown => JSON.parse(lines.join('\n'));

let server: Postgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

test('audit list shows the newest entries last, without what would paint a terminal', async () => {
  await using here = await home();
  const { code, lines } = await here.belay('audit', 'list', '--limit', '2');
  expect(code).toBe(0);
  expect(lines).toEqual([
    `2 ${at} bob (admin, api 10.0.0.1) run.cancel 0123abcd {"reason":"x"}`,
    expect.stringMatching(/^3 \S+ cy \(admin/),
  ]);
  expect(lines.join('')).not.toContain('\u001b');
  expect(jsonOf(await here.belay('audit', 'list', '--json'))).toMatchObject([
    { id: 1 },
    { id: 2, actor: 'bob', detail: { reason: 'x' } },
    { id: 3 },
  ]);
  expect((await here.belay('audit', 'list', '--run', '0123', '--limit', '1')).lines).toHaveLength(1);
});

test('audit list refuses what it cannot read, and says where there is nothing', async () => {
  await using here = await home();
  expect(await here.belay('audit', 'list', '--run', 'zzzz')).toMatchObject({ code: 2, lines: [], notes: expect.stringContaining('zzzz') });
  for (const limit of ['0', '-1', 'many'])
    expect(await here.belay('audit', 'list', '--limit', limit)).toMatchObject({ code: 2, lines: [] });
  expect((await here.belay('audit', 'list', '--nonsense')).code).toBe(2);
  await using empty = await temporaryDirectory();
  expect(await belay({ BELAY_HOME: empty.path }, 'audit', 'list')).toMatchObject({ code: 0, lines: [expect.stringContaining('Nothing')] });
});

test('audit verify exits with 1 where an entry was changed', async () => {
  await using here = await home();
  expect(await here.belay('audit', 'verify')).toMatchObject({
    code: 0,
    lines: [expect.stringMatching(/^3 entries, unbroken\. The newest hash is [0-9a-f]{64}\.$/)],
  });
  expect(jsonOf(await here.belay('audit', 'verify', '--json'))).toEqual({ entries: 3, head: expect.any(String) });
  execute(here.path, "update audit set actor = 'mallory' where id = 2");
  expect(await here.belay('audit', 'verify')).toMatchObject({ code: 1, lines: [expect.stringContaining('broken at entry 2')] });
  const broken = await here.belay('audit', 'verify', '--json');
  expect([broken.code, jsonOf(broken)]).toMatchObject([1, { brokenAt: 2 }]);
});

test('ledger stats tells how runs ended, since when it is told', async () => {
  await using here = await home();
  const { code, lines } = await here.belay('ledger', 'stats');
  expect([code, lines[0]]).toEqual([0, expect.stringMatching(/^sdlc: 1 runs, 1 completed \(100 % .*\$1\.5/)]);
  expect(jsonOf(await here.belay('ledger', 'stats', '--since', '1d', '--json'))).toMatchObject({
    from: expect.any(String),
    pipelines: [{ pipeline: 'sdlc', runs: 1, completed: 1 }],
    rows: { runs: 1, audit: 3, pipelines: 1 },
  });
  expect((await here.belay('ledger', 'stats', '--since', 'yesterday')).code).toBe(2);
});

test('ledger backup never writes over a file, and restore takes only a ledger', async () => {
  await using here = await home();
  const file = join(here.folder, 'backup.db');
  expect(await here.belay('ledger', 'backup', file)).toMatchObject({ code: 0, lines: [expect.stringContaining(file)] });
  expect(await here.belay('ledger', 'backup', file)).toMatchObject({ code: 2, notes: expect.stringContaining('there already') });
  execute(here.path, 'delete from runs');
  expect(await here.belay('ledger', 'restore', file)).toMatchObject({
    code: 0,
    lines: [expect.stringContaining('.before-'), expect.stringContaining('rebuild')],
  });
  expect(jsonOf(await here.belay('ledger', 'stats', '--json'))).toMatchObject({ rows: { runs: 1 } });
  expect(await here.belay('ledger', 'restore', join(here.folder, 'none.db'))).toMatchObject({
    code: 1,
    notes: expect.stringContaining('Nothing was changed'),
  });
  expect((await here.belay('ledger', 'restore')).code).toBe(2);
  await using _open = await openLedger({ path: here.path });
  expect(await here.belay('ledger', 'restore', file)).toMatchObject({ code: 1, notes: expect.stringContaining('in use') });
});

test('ledger migrate says what it did, and grant is for Postgres', async () => {
  await using empty = await temporaryDirectory();
  await mkdir(join(empty.path, 'home'));
  const env = { BELAY_HOME: join(empty.path, 'home') };
  expect(jsonOf(await belay(env, 'ledger', 'migrate', '--json'))).toEqual({ migrations: Object.keys(MIGRATIONS) });
  expect(await belay(env, 'ledger', 'migrate')).toMatchObject({ code: 0, lines: ['The tables are those of this version.'] });
  expect(await belay(env, 'ledger', 'grant', 'belay')).toMatchObject({ code: 2, notes: expect.stringContaining('no roles') });
});

test('a role is made, granted and used as docs/database.md says', async () => {
  const page = await readFile(new URL('../../docs/database.md', import.meta.url), 'utf8');
  const section = page.slice(page.indexOf('## Owner and role'), page.indexOf('## When it is away'));
  const [roles = '', scoped = ''] = [...section.matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) => sql);
  expect(await ask(server.urlOf('postgres'), ...roles.trim().split('\n'))).toEqual([[], [], []]);
  const as = (user: string): string => server.urlOf('belay').replace('belay:belay', user);
  const env = { BELAY_HOME: '/nonexistent', BELAY_DATABASE_URL: as('belay_app:another') };
  expect(await belay(env, 'ledger', 'migrate')).toMatchObject({ code: 1, notes: expect.stringContaining('BELAY_DATABASE_OWNER_URL') });
  const asOwner = { ...env, BELAY_DATABASE_OWNER_URL: as('belay_owner:one') };
  expect(await belay(asOwner, 'ledger', 'migrate')).toMatchObject({ code: 0, lines: [expect.stringContaining('0001-begin')] });
  expect(await belay(asOwner, 'ledger', 'grant', 'nobody')).toMatchObject({ code: 2, notes: expect.stringContaining('create role') });
  expect(section).toContain('belay ledger grant belay_app');
  expect(await belay(asOwner, 'ledger', 'grant', 'belay_app')).toEqual({
    code: 0,
    lines: [expect.stringContaining('belay_app may do')],
    notes: '',
  });
  await using ledger = await openLedger({ url: env.BELAY_DATABASE_URL });
  for (const [id, repository] of [
    ['aaaaaaaa', 'acme/shop'],
    ['bbbbbbbb', 'acme/site'],
  ] as const)
    await ledger.recordRun(exampleRun({ id, repository }));
  const answers = await ask(env.BELAY_DATABASE_URL, ...scoped.trim().split('\n'));
  expect(answers[2]).toEqual([{ id: 'aaaaaaaa', repository: 'acme/shop' }]);
  for (const command of ['backup', 'restore'])
    expect(await belay(env, 'ledger', command, 'x')).toMatchObject({ code: 2, notes: expect.stringContaining('pg_dump') });
});

function execute(path: string, sql: string): void {
  using database = new DatabaseSync(path);
  database.exec(sql);
}
