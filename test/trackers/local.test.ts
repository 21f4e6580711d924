import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RepositoryRef } from '../../src/contracts/repository.ts';
import { createLocalForge } from '../../src/forges/local.ts';
import { MAX_ISSUE_BYTES } from '../../src/trackers/issue-file.ts';
import { createLocalTracker } from '../../src/trackers/local.ts';
import type { LocalTracker } from '../../src/trackers/local.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

interface Setting extends AsyncDisposable {
  path: string;
  tracker: LocalTracker;
  repository: RepositoryRef;
  /** Files the text as an issue. */
  file(text: string | Uint8Array, name?: string): ReturnType<LocalTracker['fileIssue']>;
}

async function setting(): Promise<Setting> {
  const directory = await temporaryDirectory();
  const { path } = directory;
  const home = join(path, 'home');
  await mkdir(join(path, 'shop'));
  const repository = await createLocalForge({ home }).register({ path: join(path, 'shop') });
  const tracker = createLocalTracker({ home });
  return {
    path,
    tracker,
    repository,
    async file(text, name = 'issue.md') {
      await writeFile(join(path, name), text);
      return tracker.fileIssue({ repository, path: join(path, name) });
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

describe('an issue given as a file', () => {
  test.each([
    [
      'front matter',
      '---\ntitle: "A: b"\nlabels: [bug, ui, bug]\nassignee: x\n---\n# Heading\n\nText',
      'A: b',
      '# Heading\n\nText',
      ['bug', 'ui'],
    ],
    ['front matter with one line of labels', '---\ntitle: 404\nlabels: bug, ui\n---\n', '404', '', ['bug', 'ui']],
    ['front matter without a title', '---\nlabels: bug\n---\n# Heading\nText', 'Heading', 'Text', ['bug']],
    ['the heading', '\n\n# The *total* #\n\nText\n\n## More\n', 'The *total*', 'Text\n\n## More', []],
    ['the top heading after other lines', 'Seen by Ada\n\n# Total\n\nText', 'Total', 'Seen by Ada\n\n\nText', []],
    ['the first line', 'Total is wrong.\n\n## Steps\n\n```sh\n# not a heading\n```\n', 'Total is wrong.', undefined, []],
    ['the first line that says anything', '<!-- template -->\n---\nTotal is wrong', 'Total is wrong', undefined, []],
    ['text between two rules', '---\nJust a text\n---\nmore', 'Just a text', '---\nJust a text\n---\nmore', []],
  ])('has its title from %s', async (_, text, title, body, labels) => {
    await using at = await setting();
    const issue = await at.file(text);
    expect(issue).toMatchObject({ tracker: 'local', key: '1', title, labels, state: 'open' });
    expect(issue.body).toBe(body ?? text.trim());
    expect(await at.tracker.getIssue(issue)).toEqual(issue);
  });

  test('is the same issue for the same real path, with its text read anew', async () => {
    await using at = await setting();
    const issue = await at.file('# One\n\nText');
    await at.tracker.changeLabels({ issue, add: ['belay', 'Working'] });
    await at.tracker.changeLabels({ issue, add: ['belay'], remove: ['working', 'belay', 'done'] });
    await symlink(join(at.path, 'issue.md'), join(at.path, 'link.md'));
    await writeFile(join(at.path, 'issue.md'), '---\nlabels: bug\n---\n# Two\n\nOther');

    const again = await at.tracker.fileIssue({ repository: at.repository, path: join(at.path, 'link.md') });
    expect(again).toMatchObject({ key: issue.key, title: 'Two', body: 'Other', labels: ['belay', 'bug'] });
    expect(await at.file('# Two', 'other.md')).toMatchObject({ key: '2' });
    expect((await at.tracker.listIssues({ repository: at.repository })).map(({ key }) => key)).toEqual(['1', '2']);
  });

  test('is filed once when it is filed several times at once', async () => {
    await using at = await setting();
    await writeFile(join(at.path, 'issue.md'), 'One');
    const filing = { repository: at.repository, path: join(at.path, 'issue.md') };
    const issues = await Promise.all([1, 2, 3, 4, 5].map(() => at.tracker.fileIssue(filing)));
    expect(issues.map(({ key }) => key)).toEqual(['1', '1', '1', '1', '1']);
  });

  test('keeps placeholders and shell characters as text, and loses terminal escapes', async () => {
    await using at = await setting();
    const text = '{{plan}} $(touch /tmp/x) `id` "; rm -rf ~ #\n\tindented';
    const issue = await at.file(`# \u001b]0;owned\u0007Title \u001b[31m{{issue}}\u001b[0m\n\n${text}\u0007`);
    expect(issue).toMatchObject({ title: 'Title {{issue}}', body: text });
    expect((await at.tracker.getIssue(issue)).body).toBe(text);
  });

  test('may have exactly the largest size', async () => {
    await using at = await setting();
    expect((await at.file(`T\n${'x'.repeat(MAX_ISSUE_BYTES - 2)}`)).body).toHaveLength(MAX_ISSUE_BYTES);
  });

  test.each([
    ['empty', '', 'issue_empty'],
    ['blank', ' \n\t\n', 'issue_empty'],
    ['only escapes', '\u001b[31m\u001b[0m', 'issue_empty'],
    ['front matter alone', '---\nlabels: bug\n---\n', 'issue_empty'],
    ['too large', 'x'.repeat(MAX_ISSUE_BYTES + 1), 'issue_too_large'],
    ['binary', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0, 1), 'invalid_input'],
    ['not UTF-8', Uint8Array.of(0x66, 0xfc, 0x72), 'invalid_input'],
    ['broken front matter', '---\ntitle: Fix: it\n---\n', 'invalid_input'],
  ])('that is %s is told so, and nothing is filed', async (_, text, code) => {
    await using at = await setting();
    await expect(at.file(text)).rejects.toMatchObject({ code, message: expect.stringContaining('issue.md') as string });
    expect(await at.tracker.listIssues({ repository: at.repository })).toEqual([]);
  });

  test('that is missing or a folder is told so', async () => {
    await using at = await setting();
    const { repository } = at;
    await expect(at.tracker.fileIssue({ repository, path: join(at.path, 'none.md') })).rejects.toMatchObject({ code: 'issue_not_found' });
    await expect(at.tracker.fileIssue({ repository, path: at.path })).rejects.toMatchObject({ code: 'invalid_input' });
  });
});

describe('an issue in the tracker', () => {
  test('gets its own number when several are made at once', async () => {
    await using at = await setting();
    const titles = ['a', 'b', 'c', 'd', 'e', 'f'];
    const issues = await Promise.all(titles.map((title) => at.tracker.createIssue({ repository: at.repository, title, body: '' })));
    expect(issues.map(({ key }) => key).toSorted()).toEqual(['1', '2', '3', '4', '5', '6']);
    expect((await at.tracker.listIssues({ repository: at.repository })).map(({ title }) => title).toSorted()).toEqual(titles);
  });

  test('can be closed, and is listed by its state', async () => {
    await using at = await setting();
    const issue = await at.file('One');
    await at.file('Two', 'two.md');
    await at.tracker.closeIssue(issue);
    await at.tracker.closeIssue(issue);
    expect((await at.tracker.listIssues({ repository: at.repository, state: 'open' })).map(({ key }) => key)).toEqual(['2']);
    expect(await at.tracker.getIssue(issue)).toMatchObject({ state: 'closed', title: 'One', body: 'One' });
  });

  test('can be edited by hand', async () => {
    await using at = await setting();
    const issue = await at.file('One');
    await writeFile(issue.url, '---\ntitle: By hand\u0007\nstate: open\n---\nText');
    expect(await at.tracker.getIssue(issue)).toMatchObject({ title: 'By hand', body: 'Text', labels: [] });
  });

  test.each(['7', '0', '../repository', '1.md', ''])('that is not there (%j) is told so with where it was looked for', async (key) => {
    await using at = await setting();
    const ref = { tracker: 'local', repository: at.repository, key } as const;
    await expect(at.tracker.getIssue(ref)).rejects.toMatchObject({
      code: 'issue_not_found',
      message: expect.stringMatching(/^local\/shop has no issue .* \(looked in .*issues\)\.$/) as string,
    });
  });

  test('with a text of another kind is refused', async () => {
    await using at = await setting();
    const { repository } = at;
    await expect(at.tracker.createIssue({ repository, title: ' ', body: 'x' })).rejects.toMatchObject({ code: 'issue_empty' });
    const body = 'x'.repeat(MAX_ISSUE_BYTES + 1);
    await expect(at.tracker.createIssue({ repository, title: 'x', body })).rejects.toMatchObject({ code: 'issue_too_large' });
  });
});

describe('the comment of a marker', () => {
  test('is one living file, however often and from wherever it is written', async () => {
    await using at = await setting();
    const issue = await at.file('One');
    await Promise.all(['a', 'b', 'c'].map((body) => at.tracker.upsertComment({ issue, marker: 'run-1', body })));
    const other = await at.tracker.upsertComment({ issue, marker: 'run-2', body: 'other' });
    const last = await at.tracker.upsertComment({ issue, marker: 'run-1', body: '**done**' });

    const folder = issue.url.replace(/\.md$/, '.comments');
    expect((await readdir(folder)).toSorted()).toEqual(['1.md', '2.md']);
    expect([last.id, other.id]).toEqual(['1', '2']);
    expect(await readFile(last.url, 'utf8')).toMatch(/marker: run-1\n[^]*---\n\n\*\*done\*\*\n$/);
    expect(await at.tracker.listIssues({ repository: at.repository })).toHaveLength(1);
  });

  test('needs its issue', async () => {
    await using at = await setting();
    const issue = { tracker: 'local', repository: at.repository, key: '3' } as const;
    await expect(at.tracker.upsertComment({ issue, marker: 'm', body: 'b' })).rejects.toMatchObject({ code: 'issue_not_found' });
  });
});
