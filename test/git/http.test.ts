import { execFile } from 'node:child_process';
import { chmod, glob, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Mirror } from '../../src/git/mirror.ts';
import { createWorktrees } from '../../src/workspace/worktree.ts';
import { eventually } from '../support/eventually.ts';
import type { Fault } from '../support/git-http-server.ts';
import { CREDENTIALS, httpMirror } from '../support/http-mirror.ts';

const BRANCH = 'belay/bug-1-cart-abcd1234';
const TOKEN = CREDENTIALS.password;

const workOn = async (mirror: Mirror, base: string): Promise<string> =>
  mirror.commitTree({ tree: await mirror.treeOf(base), parents: [base], message: 'Work' });

test('fetches and pushes with a token that the server demands', async () => {
  await using setup = await httpMirror({ credentials: CREDENTIALS });
  const { remote, mirror, access } = setup;
  const base = await mirror.fetchBranch({ ...access, branch: 'main' });
  expect(base).toBe(await remote.sha('main'));
  const sha = await workOn(mirror, base);
  expect(await mirror.push({ ...access, branch: BRANCH, sha, expected: null })).toBe('pushed');
  expect(await mirror.push({ ...access, branch: BRANCH, sha, expected: null })).toBe('already_there');
  expect(await remote.sha(BRANCH)).toBe(sha);
  await mirror.fetchCommit({ ...access, sha: await remote.commit({ 'a.txt': 'two\n' }) });
});

test('keeps the token out of command lines, of the home, and of what is said', async () => {
  await using setup = await httpMirror({ credentials: CREDENTIALS });
  const { remote, http, home, mirror, access } = setup;
  const seen: string[] = [];
  // Stopped in the middle, with all of git's processes there to look at.
  http.fault = { on: 'service=git-upload-pack', what: 'hang' };
  const fetching = mirror.fetchBranch({ ...access, branch: 'main' }).catch((error: unknown) => error);
  await http.hanging;
  seen.push(...(await commandLines()));
  seen.push(((await fetching) as Error).message);
  expect(seen.filter((line) => line.includes('remote-http') && line.includes(http.url))).not.toEqual([]);
  http.fault = undefined;
  const base = await mirror.fetchBranch({ ...access, branch: 'main' });
  const { worktree, path } = await createWorktrees({ home }).prepare({ mirror, runId: 'run00001', commit: base });
  await writeFile(join(path, 'a.txt'), 'two\n');
  const { sha } = await worktree.checkpoint({ message: 'Two' });
  await rejecting(remote.path, `echo "bad token ${TOKEN}" >&2`);
  const refused = await mirror.push({ ...access, branch: BRANCH, sha, expected: null }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'push_rejected', message: expect.stringContaining('bad token ***') });
  seen.push(JSON.stringify(refused), String((refused as Error).stack));
  const encoded = Buffer.from(`${CREDENTIALS.username}:${TOKEN}`).toString('base64');
  for (const text of seen) expect(text).not.toMatch(new RegExp(`${TOKEN}|${encoded}`));
  for await (const file of glob('**', { cwd: home, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const content = await readFile(join(file.parentPath, file.name), 'latin1');
    expect([file.name, content.includes(TOKEN), content.includes(encoded)]).toEqual([file.name, false, false]);
  }
});

/** Of every process of this machine. */
async function commandLines(): Promise<string[]> {
  if (process.platform !== 'linux') return (await promisify(execFile)('ps', ['-axo', 'command'])).stdout.split('\n');
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
}

async function rejecting(repository: string, script: string): Promise<void> {
  await mkdir(join(repository, 'hooks'), { recursive: true });
  await writeFile(join(repository, 'hooks/pre-receive'), `#!/bin/sh\n${script}\nexit 1\n`);
  await chmod(join(repository, 'hooks/pre-receive'), 0o755);
}

test('takes a login out of the address before git is given it', async () => {
  await using setup = await httpMirror({ credentials: { username: 'ada', password: 'p@ss/word' } });
  const { http, mirror, remote } = setup;
  const url = http.url.replace('//', '//ada:p%40ss%2Fword@');
  expect(await mirror.fetchBranch({ url, branch: 'main' })).toBe(await remote.sha('main'));
  http.fault = { on: 'git-upload-pack', what: { status: 500 } };
  const failure = await mirror.fetchBranch({ url, branch: 'main' }).catch((error: unknown) => String(error));
  expect(failure).toContain('127.0.0.1');
  expect(failure).not.toMatch(/p@ss|p%40ss/);
});

test.each([{ before: 'before' }, { before: 'after', onlyKnown: true as const }])(
  'does not hand the token to a server that it is sent on to $before it has logged in',
  async ({ onlyKnown }) => {
    await using setup = await httpMirror({ credentials: CREDENTIALS });
    await using other = await httpMirror({ credentials: CREDENTIALS });
    const location = `${other.http.url}/info/refs?service=git-upload-pack`;
    setup.http.fault = { on: 'info/refs', what: { status: 302, location }, ...(onlyKnown && { onlyKnown }) };
    await expect(setup.mirror.fetchBranch({ ...setup.access, branch: 'main' })).rejects.toMatchObject({ code: 'forge_not_logged_in' });
    expect(other.http.requests).not.toEqual([]);
    expect(other.http.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  },
);

test('follows a repository that was renamed on its server', async () => {
  await using setup = await httpMirror({ credentials: CREDENTIALS });
  const { http, access, mirror, remote } = setup;
  http.fault = { on: '/former.git', what: { status: 301, location: `${http.url}/info/refs?service=git-upload-pack` } };
  const url = access.url.replace('remote.git', 'former.git');
  expect(await mirror.fetchBranch({ ...access, url, branch: 'main' })).toBe(await remote.sha('main'));
});

test.each<[string, Fault, { code: string; message?: string; hint?: string }]>([
  ['a login that is not known', { status: 401 }, { code: 'forge_not_logged_in', hint: 'check the token' }],
  ['a login that may not', { status: 403, says: 'no' }, { code: 'forge_forbidden', hint: 'the right to read and write' }],
  ['a repository that is not there, or not shown', { status: 404 }, { code: 'repository_not_found', hint: 'the token cannot see' }],
  ['too many calls', { status: 429 }, { code: 'forge_rate_limited', hint: 'in a minute' }],
  ['a broken server', { status: 500 }, { code: 'forge_unreachable', message: '500' }],
  ['a gateway that finds no server', { status: 503 }, { code: 'forge_unreachable', hint: 'then retry' }],
  ['a server that says nothing', 'hang', { code: 'forge_unreachable', message: 'too slow' }],
  ['a server that hangs up', 'drop', { code: 'forge_unreachable' }],
])('tells %s, for fetches and pushes', async (_, what, { code, message = '', hint = '' }) => {
  await using setup = await httpMirror({ credentials: CREDENTIALS });
  const { http, mirror, access } = setup;
  const base = await mirror.fetchBranch({ ...access, branch: 'main' });
  const expected = { code, message: expect.stringContaining(message), hint: expect.stringContaining(hint) };
  http.fault = { on: 'git-upload-pack', what };
  await expect(mirror.fetchBranch({ ...access, branch: 'main' })).rejects.toMatchObject(expected);
  http.fault = { on: 'info/refs?service=git-receive-pack', what };
  const sha = await workOn(mirror, base);
  await expect(mirror.push({ ...access, branch: BRANCH, sha, expected: null })).rejects.toMatchObject(expected);
});

test('asks for a login where there is none', async () => {
  await using setup = await httpMirror({ credentials: CREDENTIALS });
  const { mirror, access } = setup;
  for (const credentials of [undefined, { ...CREDENTIALS, password: 'expired' }]) {
    const fetching = mirror.fetchBranch({ url: access.url, ...(credentials && { credentials }), branch: 'main' });
    await expect(fetching).rejects.toMatchObject({ code: 'forge_not_logged_in' });
  }
  const fetching = mirror.fetchBranch({ url: access.url, credentials: { ...CREDENTIALS, password: 'two\nlines' }, branch: 'main' });
  await expect(fetching).rejects.toMatchObject({ code: 'forge_not_logged_in', message: expect.not.stringContaining('lines') });
});

test('finds its push done whose answer was lost', async () => {
  await using setup = await httpMirror({ credentials: CREDENTIALS });
  const { http, mirror, access, remote } = setup;
  const base = await mirror.fetchBranch({ ...access, branch: 'main' });
  const sha = await workOn(mirror, base);
  http.fault = { on: '/remote.git/git-receive-pack', what: 'drop' };
  expect(await mirror.push({ ...access, branch: BRANCH, sha, expected: null })).toBe('already_there');
  expect(await remote.sha(BRANCH)).toBe(sha);
});

test.each([
  ['a protected branch', 'GH006: Protected branch update failed for refs/heads/belay/one.', 'Changes must be made through a pull request.'],
  [
    'a ruleset',
    'GH013: Repository rule violations found for refs/heads/belay/one.',
    '- Cannot create ref due to creations being restricted.',
  ],
])("repeats GitHub's own words about %s, says what to do, and leaves the branch", async (_what, first, second) => {
  await using setup = await httpMirror({ credentials: CREDENTIALS });
  const { mirror, access, remote } = setup;
  const base = await mirror.fetchBranch({ ...access, branch: 'main' });
  await rejecting(remote.path, `echo 'error: ${first}' >&2; echo >&2; echo 'error: ${second}' >&2`);
  const pushing = mirror.push({ ...access, branch: 'belay/one', sha: await workOn(mirror, base), expected: null });
  const error: unknown = await pushing.catch((caught: unknown) => caught);
  expect(error).toMatchObject({
    code: 'push_rejected',
    message: expect.stringContaining(`refused branch belay/one: error: ${first}; error: ${second}; `) as string,
    hint: expect.stringContaining('A rule there protects belay/one: let the account of the token past it') as string,
  });
  expect(await remote.git('for-each-ref', 'refs/heads/belay/')).toBe('');
});

test('ends a fetch that is cancelled, with its processes', async () => {
  await using setup = await httpMirror({ idleSeconds: 600 });
  const { http, mirror, access } = setup;
  http.fault = { on: 'git-upload-pack', what: 'hang' };
  const controller = new AbortController();
  const fetching = expect(mirror.fetchBranch({ ...access, branch: 'main', signal: controller.signal })).rejects.toThrow('cancelled');
  await http.hanging;
  controller.abort(new Error('cancelled'));
  await fetching;
  await eventually(async () => {
    const left = (await commandLines()).filter((line) => line.includes(http.url));
    if (left.length > 0) throw new Error(`Still there: ${left.join(', ')}`);
  });
});

test('says that a server cannot be reached, or its name be found', async () => {
  await using setup = await httpMirror();
  for (const url of ['https://127.0.0.1:1/acme/shop.git', 'https://nowhere.invalid/acme/shop.git']) {
    await expect(setup.mirror.fetchBranch({ url, branch: 'main' })).rejects.toMatchObject({
      code: 'forge_unreachable',
      message: expect.stringContaining(url),
      hint: expect.stringContaining('the network and the proxy'),
    });
  }
});

test('refuses to go without encryption but to this machine', async () => {
  await using setup = await httpMirror();
  for (const url of ['http://forge.example.com/acme/shop.git', 'http://10.0.0.1/x.git', 'http://127.0.0.1.example.com/x.git']) {
    const fetching = setup.mirror.fetchBranch({ url, credentials: CREDENTIALS, branch: 'main' });
    await expect(fetching).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('without encryption') });
  }
});

test('takes the default branch where none is named, and follows it when it is renamed', async () => {
  await using setup = await httpMirror();
  const { mirror, access, remote } = setup;
  await remote.git('branch', '--move', 'main', 'trunk');
  await expect(mirror.remoteHead(access)).resolves.toEqual({ branch: 'trunk', sha: await remote.sha('trunk') });
  expect(await mirror.fetchBranch(access)).toBe(await remote.sha('trunk'));
  await expect(mirror.fetchBranch({ ...access, branch: 'main' })).rejects.toMatchObject({
    code: 'base_not_found',
    message: expect.stringContaining('no branch main'),
    hint: expect.stringContaining('Its default branch is trunk (--base trunk)'),
  });
});

test('says that nothing has been committed, or that the default branch is missing', async () => {
  await using empty = await httpMirror({ files: null });
  expect(await empty.mirror.remoteHead(empty.access)).toBeUndefined();
  for (const branch of [{}, { branch: 'main' }]) {
    await expect(empty.mirror.fetchBranch({ ...empty.access, ...branch })).rejects.toMatchObject({
      code: 'empty_repository',
      message: expect.stringContaining('has no commits yet'),
    });
  }
  await using setup = await httpMirror();
  await setup.remote.git('symbolic-ref', 'HEAD', 'refs/heads/nothing');
  await expect(setup.mirror.fetchBranch(setup.access)).rejects.toMatchObject({
    code: 'base_not_found',
    message: expect.stringContaining('no default branch'),
    hint: expect.stringContaining('--base (main)'),
  });
});
