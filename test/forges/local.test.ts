import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { RepositoryRef } from '../../src/contracts/repository.ts';
import { createLocalForge } from '../../src/forges/local.ts';
import type { LocalForge } from '../../src/forges/local.ts';
import { createLocalTracker } from '../../src/trackers/local.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SHA = 'a'.repeat(40);
const NEWER_SHA = 'b'.repeat(40);

interface Setting extends AsyncDisposable {
  home: string;
  /** Of the registered repository. */
  path: string;
  forge: LocalForge;
  repository: RepositoryRef;
  pulls: string;
}

async function setting(): Promise<Setting> {
  const directory = await temporaryDirectory();
  const home = join(directory.path, 'home');
  const path = await folder(directory.path, 'code/shop');
  const forge = createLocalForge({ home });
  const repository = await forge.register({ path });
  const pulls = join(home, 'forge/local/shop/pulls');
  return { home, path, forge, repository, pulls, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

async function folder(...parts: string[]): Promise<string> {
  const path = join(...parts);
  await mkdir(path, { recursive: true });
  return path;
}

const wanted = (repository: RepositoryRef, branch = 'belay/bug-1') =>
  ({ repository, branch, base: 'main', title: 'Mend: the "total"', body: '## Why\n\nBecause.\n', headSha: SHA }) as const;

describe('register', () => {
  test('gives the same repository for the same real path, and a free name to another', async () => {
    await using at = await setting();
    const link = join(at.home, 'link');
    await symlink(at.path, link);
    expect(await at.forge.register({ path: link })).toEqual({ forge: 'local', owner: 'local', name: 'shop' });

    const other = await folder(at.home, 'elsewhere/Shop.git');
    expect(await at.forge.register({ path: other })).toEqual({ forge: 'local', owner: 'local', name: 'shop-2' });
    expect(await at.forge.register({ path: other, name: 'ignored' })).toMatchObject({ name: 'shop-2' });
    expect(await at.forge.gitAccess({ forge: 'local', owner: 'local', name: 'shop-2' })).toEqual({ url: other });
  });

  test.each([
    ['My Project ä', 'my-project-a'],
    ['日本', 'repository'],
    ['..x', 'x'],
    ['-rf', 'rf'],
  ])('makes a safe name of the folder %s', async (name, expected) => {
    await using at = await setting();
    expect(await at.forge.register({ path: await folder(at.home, name) })).toMatchObject({ name: expected });
  });

  test('gives different names to folders that are registered at once', async () => {
    await using at = await setting();
    const paths = await Promise.all([1, 2, 3, 4, 5].map((number) => folder(at.home, String(number), 'shop')));
    const names = (await Promise.all(paths.map((path) => at.forge.register({ path })))).map(({ name }) => name);
    expect(names.toSorted()).toEqual(['shop-2', 'shop-3', 'shop-4', 'shop-5', 'shop-6']);
  });

  test('takes owner and name when they are given', async () => {
    await using at = await setting();
    const path = await folder(at.home, 'x');
    expect(await at.forge.register({ path, owner: 'Acme', name: 'Shop' })).toEqual({ forge: 'local', owner: 'acme', name: 'shop' });
  });

  test('says that a path is not there', async () => {
    await using at = await setting();
    await expect(at.forge.register({ path: join(at.home, 'none') })).rejects.toMatchObject({ code: 'repository_not_found' });
  });
});

describe('gitAccess', () => {
  test.each(['unknown', '../../../etc', ''])('refuses the unknown repository %j', async (name) => {
    await using at = await setting();
    await expect(at.forge.gitAccess({ forge: 'local', owner: 'local', name })).rejects.toMatchObject({ code: 'repository_not_found' });
  });

  test('says when the git repository is gone, and where to mend its path', async () => {
    await using at = await setting();
    await rm(at.path, { recursive: true });
    await expect(at.forge.gitAccess(at.repository)).rejects.toMatchObject({
      code: 'repository_not_found',
      message: expect.stringContaining(at.path) as string,
      hint: expect.stringContaining('repository.yml') as string,
    });
  });
});

describe('pull requests', () => {
  test('are readable files that give back what was written', async () => {
    await using at = await setting();
    const made = await at.forge.createPullRequest(wanted(at.repository));
    const url = join(at.pulls, '1.md');
    expect(made).toEqual({ ...wanted(at.repository), number: 1, url, state: 'open', body: '## Why\n\nBecause.' });
    expect(await readFile(url, 'utf8')).toMatch(
      /^---\ntitle: 'Mend: the "total"'\nstate: open\nbranch: belay\/bug-1\nbase: main\nheadSha: a{40}\n[^]*---\n\n## Why\n\nBecause\.\n$/,
    );
    expect(await at.forge.getPullRequest(made)).toEqual(made);
  });

  test('are found by branch, the open one before a newer closed one', async () => {
    await using at = await setting();
    const first = await at.forge.createPullRequest(wanted(at.repository));
    await at.forge.setPullRequestState({ ...first, state: 'closed' });
    const second = await at.forge.createPullRequest(wanted(at.repository));
    await at.forge.createPullRequest(wanted(at.repository, 'other'));
    expect(second.number).toBe(2);
    expect(await at.forge.findPullRequest({ repository: at.repository, branch: 'belay/bug-1' })).toEqual(second);

    await at.forge.setPullRequestState({ ...second, state: 'merged' });
    await at.forge.setPullRequestState({ ...first, state: 'open' });
    expect(await at.forge.findPullRequest({ repository: at.repository, branch: 'belay/bug-1' })).toMatchObject({ number: 1 });
    expect(await at.forge.findPullRequest({ repository: at.repository, branch: 'none' })).toBeUndefined();
    expect((await at.forge.listPullRequests({ repository: at.repository, state: 'open' })).map(({ number }) => number)).toEqual([1, 3]);
  });

  test('are updated in title, text and head only; what people added stays', async () => {
    await using at = await setting();
    const made = await at.forge.createPullRequest(wanted(at.repository));
    const text = await readFile(made.url, 'utf8');
    await writeFile(made.url, text.replace('base: main', 'base: develop\nreviewer: ada').replaceAll('\n', '\r\n'));
    const updated = await at.forge.updatePullRequest({
      repository: at.repository,
      number: made.number,
      title: 'New',
      body: 'Text',
      headSha: NEWER_SHA,
    });
    expect(updated).toMatchObject({ title: 'New', body: 'Text', headSha: NEWER_SHA, base: 'develop', state: 'open' });
    expect(await readFile(made.url, 'utf8')).toContain('reviewer: ada\n');
  });

  test('answer a second creation with the open one, so that a retry makes no other', async () => {
    await using at = await setting();
    const made = await at.forge.createPullRequest(wanted(at.repository));
    expect(await at.forge.createPullRequest({ ...wanted(at.repository), title: 'Again' })).toEqual(made);
    expect(await at.forge.listPullRequests({ repository: at.repository })).toHaveLength(1);
  });

  test('are found among others without reading more of them than their text', async () => {
    await using at = await setting();
    const other = await at.forge.createPullRequest(wanted(at.repository, 'belay/bug-2'));
    await writeFile(other.url, (await readFile(other.url, 'utf8')).replace('state: open', 'state: opne'));
    const made = await at.forge.createPullRequest(wanted(at.repository));
    expect(await at.forge.findPullRequest({ repository: at.repository, branch: 'belay/bug-1' })).toEqual(made);
  });

  test('are one per branch and have a number of their own when several processes race', async () => {
    await using at = await setting();
    const program = join(import.meta.dirname, 'create-pull-request.fixture.ts');
    const runs = await Promise.all(
      [1, 2, 3, 4].map(() =>
        promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', program, at.home, 'shop', '5']),
      ),
    );
    const numbers = runs.map(({ stdout }) => JSON.parse(stdout) as number[]);
    expect(new Set(numbers.map(([same]) => same)).size).toBe(1);
    expect(new Set(numbers.flatMap(([, ...own]) => own)).size).toBe(20);
    expect(await at.forge.listPullRequests({ repository: at.repository })).toHaveLength(21);
    expect((await readdir(at.pulls)).toSorted()).toEqual(Array.from({ length: 21 }, (_, index) => `${index + 1}.md`).toSorted());
  });

  test('share one sequence of numbers with issues, and a removed number is not given again', async () => {
    await using at = await setting();
    const tracker = createLocalTracker({ home: at.home });
    const issue = await tracker.createIssue({ repository: at.repository, title: 'One', body: '' });
    const pullRequest = await at.forge.createPullRequest(wanted(at.repository));
    expect([issue.key, pullRequest.number]).toEqual(['1', 2]);
    await rm(pullRequest.url);
    expect(await tracker.createIssue({ repository: at.repository, title: 'Two', body: '' })).toMatchObject({ key: '3' });
    await writeFile(join(at.pulls, '9.md'), await readFile(issue.url));
    expect(await tracker.createIssue({ repository: at.repository, title: 'Three', body: '' })).toMatchObject({ key: '10' });
  });

  test('that could not be read again are never written', async () => {
    await using at = await setting();
    await expect(at.forge.createPullRequest({ ...wanted(at.repository), base: '' })).rejects.toMatchObject({ code: 'invalid_input' });
    expect(await at.forge.listPullRequests({ repository: at.repository })).toEqual([]);
  });

  test('that people broke are named with the file and the problem', async () => {
    await using at = await setting();
    const made = await at.forge.createPullRequest(wanted(at.repository));
    await writeFile(made.url, (await readFile(made.url, 'utf8')).replace('state: open', 'state: opne'));
    await expect(at.forge.getPullRequest(made)).rejects.toMatchObject({
      code: 'forge_file_invalid',
      message: expect.stringMatching(/pulls\/1\.md cannot be used: state: /) as string,
    });
  });

  test('that are not there are invalid input', async () => {
    await using at = await setting();
    await expect(at.forge.getPullRequest({ repository: at.repository, number: 7 })).rejects.toMatchObject({ code: 'invalid_input' });
  });
});
