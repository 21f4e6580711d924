import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { BelayUser } from '../support/cli.ts';
import { belayUser } from '../support/cli.ts';
import { git } from '../support/git-remote.ts';
import { shellProgram } from '../support/programs.ts';
import type { Project } from '../support/project.ts';
import { userProject } from '../support/project.ts';

let user: BelayUser;
let project: Project;

beforeAll(async () => {
  user = await belayUser();
  project = await userProject(user.folder);
  await git(user.folder, 'init', '--quiet', 'empty');
  await writeFile(join(user.folder, 'empty.md'), ' \n\n');
  await writeFile(join(user.folder, 'huge.md'), `# Huge\n\n${'x'.repeat(300 * 1024)}\n`);
  await writeFile(join(user.folder, 'binary.md'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]));
  await writeFile(join(user.folder, 'latin1.md'), Buffer.from([0x23, 0x20, 0xe9, 0x0a]));
  await shellProgram(
    join(user.folder, 'claude'),
    `case "$1" in --version) echo '2.1.0 (Claude Code)';; *) echo '{"loggedIn":false}'; exit 1;; esac`,
  );
});
afterAll(() => user[Symbol.asyncDispose]());

/** Neither a run nor anything that one leaves; no process. */
async function expectNothingBegun(): Promise<void> {
  for (const folder of ['runs', 'trees', 'mirrors']) expect(await readdir(join(user.home, folder)).catch(() => [])).toEqual([]);
  expect(await project.git('for-each-ref', 'refs/heads')).toMatch(/^\S+ commit\s+refs\/heads\/main$/);
  expect(await user.processes()).toEqual([]);
  const path = join(user.home, 'ledger.db');
  if (!existsSync(path)) return;
  await using ledger = await openLedger({ path });
  expect(await ledger.listRuns({ limit: 10 })).toEqual([]);
}

interface Refusal {
  args: string[];
  env?: Record<string, string>;
  says: string[];
}

const run = (issue: string, ...more: string[]): string[] => ['run', issue, '--repo', 'project', ...more];
const text = 'Write it down';

describe('what cannot be worked on is refused with exit code 2, and nothing has begun', () => {
  it.each<[string, Refusal]>([
    ['a folder that is no repository', { args: ['run', text, '--repo', 'user'], says: ['is not inside a git repository', 'git -C'] }],
    ['a folder that is not there', { args: ['run', text, '--repo', 'nowhere'], says: ['nowhere does not exist'] }],
    ['a repository without commits', { args: ['run', text, '--repo', 'empty'], says: ['has no commits yet', 'Make a first one'] }],
    ['an issue file that is not there', { args: run('missing.md'), says: ['There is no file missing.md', 'Check the path'] }],
    ['an empty issue file', { args: run('empty.md'), says: ['empty.md is empty', 'a title is enough'] }],
    ['an empty request', { args: run('  '), says: ['The issue is empty'] }],
    ['a huge issue file', { args: run('huge.md'), says: ['larger than 256 KiB', 'Shorten it'] }],
    ['a huge request', { args: run('do it '.repeat(4000)), says: ['longer than 16 KiB', 'Markdown file'] }],
    ['a binary issue file', { args: run('binary.md'), says: ['binary.md cannot be read as an issue', 'NUL'] }],
    ['an issue file in another encoding', { args: run('latin1.md'), says: ['not UTF-8'] }],
    ['a folder as the issue', { args: run('user/'), says: ['user/'] }],
    ['an unknown issue number', { args: run('#77'), says: ['77'] }],
    [
      'an address of a place that Belay does not know',
      { args: run('https://gitlab.com/acme/shop/issues/1'), says: ['https://gitlab.com/acme/shop/issues/1', 'https://github.com/<owner>'] },
    ],
    ['a pull request', { args: run('https://github.com/acme/shop/pull/1'), says: ['is a pull request, not an issue'] }],
    ['an unknown repository', { args: ['run', 'local:acme/nothing#1'], says: ['acme/nothing'] }],
    ['a base that is not there', { args: run(text, '--base', 'nope'), says: ['nope'] }],
    ['a plan that is not there', { args: run(text, '--plan', 'plan.md'), says: ['The plan plan.md cannot be read'] }],
    ['an empty plan', { args: run(text, '--plan', 'empty.md'), says: ['The plan empty.md is empty'] }],
    [
      'a pipeline without the work it needs',
      { args: run('project.issue.md', '--pipeline', 'ship'), says: ['no run of issue #1', 'planBuildTestReview'] },
    ],
    ['a budget in words', { args: run(text, '--budget', 'much'), says: ['amount in US dollars'] }],
    ['a budget of nothing', { args: run(text, '--budget', '0'), says: ['amount in US dollars'] }],
    ['an unknown engine', { args: run(text, '--engine', 'gpt'), says: ['claude, scripted'] }],
    ['an unknown kind of workspace', { args: run(text, '--workspace', 'vm'), says: ['worktree, clone'] }],
    ['an unknown option', { args: run(text, '--frsh'), says: ["unknown option '--frsh'", '--fresh'] }],
    ['an unknown command', { args: ['rnu', text], says: ["unknown command 'rnu'", 'run'] }],
    ['a run without an issue', { args: ['run'], says: ["missing required argument 'issue'"] }],
    [
      'an engine that is not installed',
      { args: run(text, '--engine', 'claude'), env: { PATH: '/usr/bin:/bin' }, says: ['claude is not installed', 'npm install'] },
    ],
    [
      'an engine that is not logged in',
      { args: run(text), env: { BELAY_ENGINE: 'claude', BELAY_CLAUDE_PATH: 'claude' }, says: ['claude is not logged in', '/login'] },
    ],
    ['a script with mistakes', { args: run(text), env: { BELAY_SCRIPT: 'empty.md' }, says: ['script'] }],
    [
      'an environment with problems, all of them at once',
      {
        args: run(text),
        env: { BELAY_MAX_WORKSPACES: 'many', BELAY_LOG_LEVEL: 'loud', BELAY_BUDGET_USD: '-1' },
        says: ['3 problems', 'BELAY_MAX_WORKSPACES', 'BELAY_LOG_LEVEL', 'BELAY_BUDGET_USD', '.env.example'],
      },
    ],
  ])('%s', async (_, { args, env = {}, says }) => {
    const { exitCode, stdout, stderr } = await user.belay(args, { env });
    expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 2, stdout: '' });
    for (const words of says) expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/unexpected:|\n\s+at /);
    await expectNothingBegun();
  });
});

describe('what cannot be reached is said with exit code 1, and nothing has begun', () => {
  it.each<[string, Refusal]>([
    [
      'a Temporal that is named and not there',
      { args: run(text), env: { BELAY_TEMPORAL_ADDRESS: '127.0.0.1:1' }, says: ['Temporal at 127.0.0.1:1', 'TEMPORAL_ADDRESS'] },
    ],
    ['nobody who would stay for a detached run', { args: run(text, '--detach'), says: ['needs a running `belay dev`'] }],
  ])('%s', async (_, { args, env = {}, says }) => {
    const { exitCode, stderr } = await user.belay(args, { env });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 });
    for (const words of says) expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/unexpected:|\n\s+at /);
    await expectNothingBegun();
  });
});

describe('a run that is named', () => {
  it.each([
    ['show', 'zzzz'],
    ['logs', 'zzzz'],
    ['open', 'zzzz'],
    ['cancel', 'zzzz'],
    ['retry', 'zzzz'],
    ['pr', 'show', 'zzzz'],
  ])('is not known to %s', async (...args) => {
    const { exitCode, stderr } = await user.belay(args);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("No run has an id that begins with 'zzzz'"),
    });
  });

  it('is asked for again when the beginning of its id fits several', async () => {
    const home = join(user.folder, 'crowded');
    await mkdir(home);
    // More runs than there are letters.
    const ids = await (async () => {
      await using ledger = await openLedger({ path: join(home, 'ledger.db') });
      const reserve = (key: number) =>
        ledger.reserveRun({
          pipeline: 'sdlc',
          repository: 'acme/shop',
          engine: 'scripted',
          triggeredBy: 'test',
          createdAt: new Date().toISOString(),
          issueKey: String(key),
          workflowId: (id) => `local:acme/shop#${id}`,
        });
      return await Promise.all(Array.from({ length: 33 }, (_, key) => reserve(key)));
    })();
    const first = ids.map((id) => id.charAt(0)).find((letter, position, all) => all.indexOf(letter) !== position);
    const { exitCode, stderr } = await user.belay(['show', String(first)], { env: { BELAY_HOME: home } });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('could be several runs') });
  });
});
