import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WORKER_ROLES } from '../src/contracts/worker-roles.ts';
import { checkNode, diagnose, formatFindings, judgeDisk, judgeMemory } from '../src/doctor.ts';
import type { DiagnoseRequest, Finding } from '../src/doctor.ts';
import type { Engine, EngineHealth } from '../src/engines/engine.ts';
import { createFolderStore } from '../src/run-files/store/folder-store.ts';
import { localTarget } from '../src/temporal/connection.ts';
import { scriptedGitHub } from './support/scripted-github.ts';
import type { Script } from './support/scripted-github.ts';
import { shellProgram, temporalLookalike } from './support/programs.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

function engine(health: Omit<EngineHealth, 'engine'>, name = 'claude'): Engine {
  const unused = (): never => {
    throw new Error('the doctor only checks');
  };
  return { name, pricing: 'live', check: async () => ({ engine: name, ...health }), command: unused, parse: unused, outcome: unused };
}

const healthy = engine({ installed: true, version: '2.1.329', path: '/bin/claude', loggedIn: 'yes', login: 'subscription' });

/** A machine that has only what `bin` holds. */
function machine(folder: string, more: Partial<DiagnoseRequest> = {}): DiagnoseRequest {
  const env = { PATH: join(folder, 'bin') };
  const worker: DiagnoseRequest['worker'] = { worker: { roles: [...WORKER_ROLES] }, database: { path: join(folder, 'ledger.db') } };
  const cli = { env, cacheDir: join(folder, 'cache') };
  return { home: folder, env, engines: [healthy], defaultEngine: 'claude', cli, worker, ...more };
}

async function finding(check: string, request: DiagnoseRequest): Promise<Finding | undefined> {
  return (await diagnose(request)).find((found) => found.check === check);
}

describe('diagnose', () => {
  it('finds everything in place on a good machine', async () => {
    await using folder = await temporaryDirectory();
    await shellProgram(join(folder.path, 'bin', 'git'), 'echo git version 2.39.5');
    await temporalLookalike(join(folder.path, 'bin', 'temporal'));
    const findings = await diagnose(machine(folder.path));
    expect(findings.filter(({ check, status }) => status !== 'ok' && check !== 'processes' && check !== 'disk')).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual(['git', 'Node', 'Temporal', 'claude', 'home', 'disk', 'processes']);
  });

  it('asks no agent of a worker that only decides, and says which other one has to be there', async () => {
    await using folder = await temporaryDirectory();
    const apart: DiagnoseRequest['worker'] = { worker: { roles: ['orchestrator'] }, database: { url: 'postgres://db/belay' } };
    const findings = await diagnose(machine(folder.path, { worker: apart }));
    expect(findings.map(({ check }) => check)).toEqual(['git', 'Node', 'Temporal', 'worker', 'home', 'disk']);
    expect(findings).toContainEqual({
      check: 'worker',
      status: 'ok',
      detail: 'is orchestrator alone: another one has to be runner',
    });
    const alone = await finding('worker', machine(folder.path, { worker: { ...apart, database: { path: 'ledger.db' } } }));
    expect(alone).toMatchObject({ status: 'problem', hint: expect.stringContaining('one Postgres') as string });
  });

  it('says that git is missing or too old, and what to install', async () => {
    await using folder = await temporaryDirectory();
    expect(await finding('git', machine(folder.path))).toMatchObject({ status: 'problem', detail: 'not on the PATH' });
    await shellProgram(join(folder.path, 'bin', 'git'), 'echo git version 2.25.1');
    const old = await finding('git', machine(folder.path));
    expect(old).toMatchObject({ status: 'problem', detail: expect.stringContaining('2.25.1') as string });
    expect(old?.hint).toContain('2.38');
  });

  it('says how Temporal is got where it is not there yet, and what Go changes', async () => {
    await using folder = await temporaryDirectory();
    const without = await finding('Temporal', machine(folder.path));
    expect(without).toMatchObject({ status: 'warning', hint: expect.stringContaining('install') as string });
    await shellProgram(join(folder.path, 'bin', 'go'), 'exit 0');
    expect(await finding('Temporal', machine(folder.path))).toMatchObject({ detail: expect.stringContaining('built with Go') as string });
  });

  it('says that the configured Temporal program or service cannot be used', async () => {
    await using folder = await temporaryDirectory();
    const request = machine(folder.path);
    const broken = await finding('Temporal', { ...request, cli: { ...request.cli, explicit: '/nowhere/temporal' } });
    expect(broken).toMatchObject({ status: 'problem', detail: expect.stringContaining('BELAY_TEMPORAL_CLI') as string });
    const closed = await finding('Temporal', { ...request, target: localTarget('127.0.0.1:1') });
    expect(closed).toMatchObject({ status: 'problem', detail: expect.stringContaining('127.0.0.1:1') as string });
  });

  it('takes a missing or logged out engine for a problem only if runs use it by default', async () => {
    await using folder = await temporaryDirectory();
    const hint = 'Run: npm install --global claude';
    const engines = [engine({ installed: false, loggedIn: 'unknown', hint }), engine({ installed: true, loggedIn: 'no', hint }, 'codex')];
    const findings = await diagnose(machine(folder.path, { engines }));
    expect(findings).toContainEqual({ check: 'claude', status: 'problem', detail: 'not installed', hint });
    expect(findings).toContainEqual({ check: 'codex', status: 'warning', detail: 'installed, not logged in', hint });
  });

  it('says that a login shows only later where the engine cannot tell', async () => {
    await using folder = await temporaryDirectory();
    const unsure = engine({ installed: true, version: '1.0', loggedIn: 'unknown' });
    expect(await finding('claude', machine(folder.path, { engines: [unsure] }))).toMatchObject({ status: 'warning' });
  });

  it('tries the store that hosts have files in common in, where there is one', async () => {
    await using folder = await temporaryDirectory();
    const store = createFolderStore({ folder: join(folder.path, 'shared') });
    expect(await finding('artifacts', machine(folder.path, { store }))).toEqual({
      check: 'artifacts',
      status: 'ok',
      detail: `${join(folder.path, 'shared')} can be written to`,
    });
    expect(await readdir(join(folder.path, 'shared', 'artifacts'))).toEqual([]);
    const none = createFolderStore({ folder: '/dev/null/shared' });
    expect(await finding('artifacts', machine(folder.path, { store: none }))).toMatchObject({
      status: 'problem',
      detail: expect.stringContaining('The store of artifacts at /dev/null/shared cannot be used') as string,
      hint: expect.stringContaining('BELAY_ARTIFACTS_URL') as string,
    });
  });

  it('looks at who may read the home folder, and does not make one', async () => {
    await using folder = await temporaryDirectory();
    await chmod(folder.path, 0o755);
    expect(await finding('home', machine(folder.path))).toMatchObject({ status: 'warning', hint: `Run: chmod 700 '${folder.path}'` });
    await chmod(folder.path, 0o700);
    expect(await finding('home', machine(folder.path))).toMatchObject({ status: 'ok' });
    const missing = machine(folder.path, { home: join(folder.path, 'a', 'b') });
    expect(await finding('home', missing)).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('made at the first start') as string,
    });
    expect(await finding('disk', missing)).toBeDefined();
    await mkdir(join(folder.path, 'a'));
    await writeFile(join(folder.path, 'a', 'b'), '');
    expect(await finding('home', missing)).toMatchObject({ status: 'problem', detail: expect.stringContaining('not a folder') as string });
  });

  it.skipIf(process.getuid?.() === 0)('says that the home folder cannot be written to', async () => {
    await using folder = await temporaryDirectory();
    await chmod(folder.path, 0o500);
    expect(await finding('home', machine(folder.path))).toMatchObject({ status: 'problem' });
    await chmod(folder.path, 0o700);
  });
});

describe('a token for GitHub', () => {
  const repository = { forge: 'github', owner: 'acme', name: 'shop' } as const;
  const user = (headers: Record<string, string> = {}) => ({ 'GET /user': { json: { login: 'ada' }, headers } });
  const shop: Script = {
    'GET /repos/acme/shop': { json: { private: true, has_issues: true, permissions: { push: true } } },
    'GET /repos/acme/shop/branches': { json: [] },
    'GET /repos/acme/shop/pulls': { json: [] },
    'GET /repos/acme/shop/issues': { json: [] },
  };
  const look = async (script: Script, { here = true, loggedIn = true } = {}) => {
    await using folder = await temporaryDirectory();
    await using github = await scriptedGitHub(script);
    const gitHub = { client: github.client({ token: loggedIn ? () => 'ghp_test' : undefined }), repository: here ? repository : undefined };
    return { host: new URL(github.url).host, ...(await finding('GitHub', machine(folder.path, { gitHub }))) };
  };

  it('is not needed for local repositories, and missed for one that is there', async () => {
    expect(await look({}, { here: false, loggedIn: false })).toMatchObject({
      status: 'ok',
      detail: 'no token; local repositories need none',
    });
    expect(await look({}, { loggedIn: false })).toMatchObject({
      status: 'warning',
      detail: 'acme/shop is there, and there is no token',
      hint: 'Set GITHUB_TOKEN, or run: gh auth login. docs/github.md has what the token needs.',
    });
  });

  it('is told with its user and scopes', async () => {
    const { host, ...found } = await look({ ...user({ 'x-oauth-scopes': 'repo, workflow' }), ...shop });
    expect(found).toEqual({ check: 'GitHub', status: 'ok', detail: `ada on ${host} (repo, workflow)` });
  });

  it('is told with what cannot be known of a fine-grained one', async () => {
    const { host, ...found } = await look({ ...user(), ...shop });
    expect(found).toMatchObject({ status: 'ok', detail: `ada on ${host}; what the token may write shows at the first run` });
  });

  it.each([
    ['a scope', user({ 'x-oauth-scopes': 'public_repo' }), {}, ' (public_repo): the token lacks the scope repo'],
    ['all scopes', user({ 'x-oauth-scopes': '' }), {}, ' (no scopes): the token lacks the scope repo'],
    ['sight', user(), { 'GET /repos/acme/shop': { status: 404 } }, ': the token lacks access to acme/shop'],
    [
      'permissions',
      user(),
      { 'GET /repos/acme/shop/issues': { status: 403, json: {} }, 'GET /repos/acme/shop/pulls': { status: 404, json: {} } },
      ': the token lacks the permission Pull requests on acme/shop, the permission Issues on acme/shop',
    ],
    [
      'the right to push',
      user(),
      { 'GET /repos/acme/shop': { json: { private: false, has_issues: false, permissions: { push: false } } } },
      ': the token lacks the right to push to acme/shop',
    ],
  ])('is a problem where it lacks %s', async (_what, who, there, detail) => {
    const { host, ...found } = await look({ ...who, ...shop, ...there });
    expect(found).toMatchObject({ status: 'problem', detail: `ada on ${host}${detail}` });
  });

  it('is a problem where it is not valid, and no problem where GitHub cannot be reached', async () => {
    const { host, ...invalid } = await look({ 'GET /user': { status: 401, json: { message: 'Bad credentials' } } });
    expect(invalid).toMatchObject({
      status: 'problem',
      detail: `${host} could not say whose token this is: the token is not valid (401).`,
    });
    expect(await look({ 'GET /user': { drop: true } })).toMatchObject({
      status: 'warning',
      hint: expect.stringContaining('proxy') as string,
    });
  });
});

describe('limits', () => {
  it('warn of little disk and refuse next to none', () => {
    const gibibyte = 1024 ** 3;
    expect(judgeDisk(3 * gibibyte, '/home')).toEqual({ check: 'disk', status: 'ok', detail: '3.0 GiB free at /home' });
    expect(judgeDisk(1.5 * gibibyte, '/home')).toMatchObject({ status: 'warning' });
    expect(judgeDisk(0.1 * gibibyte, '/home')).toMatchObject({ status: 'problem', detail: '102 MiB free at /home' });
  });

  it('ask for the Node that is installed along', () => {
    expect(checkNode('24.21.0').status).toBe('ok');
    expect(checkNode('22.1.0')).toMatchObject({ status: 'problem', hint: expect.stringContaining('npx belay') as string });
  });
});

describe('formatFindings', () => {
  const findings: Finding[] = [
    { check: 'git', status: 'ok', detail: '2.39.5', hint: 'nothing' },
    { check: 'Temporal', status: 'warning', detail: 'not here yet', hint: 'wait' },
    { check: 'claude', status: 'problem', detail: 'not installed', hint: 'install it' },
  ];

  it('lines findings up with their hints and sums them up', () => {
    expect(formatFindings(findings, { color: false }).split('\n')).toEqual([
      '✓ git       2.39.5',
      '! Temporal  not here yet',
      '            → wait',
      '✗ claude    not installed',
      '            → install it',
      '',
      '1 problem to mend before Belay can work here.',
    ]);
  });

  it('is coloured only if asked', () => {
    const escape = String.fromCharCode(27);
    expect(formatFindings(findings, { color: true })).toContain(`${escape}[32m✓`);
    expect(formatFindings(findings, { color: false })).not.toContain(escape);
  });
});

describe('judgeMemory', () => {
  const GIB = 1024 ** 3;
  const bounds = { hostShare: 0.8, workspaceBytes: 2 * GIB, workspaces: 15 };

  it('says for how many workspaces there is room', () => {
    expect(judgeMemory({ totalBytes: 16 * GIB, usedBytes: 4 * GIB }, bounds)).toEqual({
      check: 'memory',
      status: 'ok',
      detail: '4.0 GiB of 16.0 GiB in use: room for 4 workspaces of 2.0 GiB',
    });
  });

  it('warns where runs would work one at a time, unless more are not wanted', () => {
    const busy = { totalBytes: 8 * GIB, usedBytes: 7 * GIB };
    expect(judgeMemory(busy, bounds)).toMatchObject({ status: 'warning', hint: expect.stringContaining('one at a time') as string });
    expect(judgeMemory({ totalBytes: 8 * GIB, usedBytes: 3 * GIB }, { ...bounds, workspaces: 1 })).toMatchObject({ status: 'ok' });
  });

  it('is asked for by its limits', async () => {
    await using folder = await temporaryDirectory();
    expect(await finding('memory', machine(folder.path))).toBeUndefined();
    expect(await finding('memory', machine(folder.path, { bounds }))).toMatchObject({
      detail: expect.stringMatching(/ in use: room for /),
    });
  });
});
