import { describe, expect, it, test } from 'vitest';
import type { IssueRef } from '../../src/contracts/repository.ts';
import { createGitHubTracker } from '../../src/trackers/github.ts';
import { gitHubServer } from '../support/github.ts';
import type { GitHubServer } from '../support/github.ts';
import { scriptedGitHub } from '../support/scripted-github.ts';

const repository = { forge: 'github', owner: 'acme', name: 'shop' } as const;
const place = { owner: 'acme', repo: 'shop' };
const refOf = (key: string): IssueRef => ({ tracker: 'github', repository, key });
const MARKER = '<!-- belay progress -->';

const trackerOf = (github: GitHubServer) => createGitHubTracker({ client: github.client() });
const commentsOf = async ({ person }: GitHubServer) =>
  (await person.rest.issues.listComments({ ...place, issue_number: 1, per_page: 100 })).data.map(({ body }) => body);

test('an issue is opened, read, labelled, listed and closed', async () => {
  await using github = await gitHubServer();
  const tracker = trackerOf(github);
  const opened = await tracker.createIssue({ repository, title: 'Totals go\nnegative', body: 'Mend \u001b[31mit.', labels: ['bug'] });
  const known = { ...refOf('1'), title: 'Totals go negative', body: 'Mend it.', labels: ['bug'], author: 'acme', state: 'open' };
  expect(opened).toEqual({ ...known, url: `${github.apiUrl}/acme/shop/issues/1` });
  await tracker.changeLabels({ issue: opened, add: ['by-belay'] });
  await tracker.closeIssue(opened);
  expect(await tracker.getIssue(refOf('1'))).toMatchObject({ labels: ['bug', 'by-belay'], state: 'closed' });
  expect(await tracker.listIssues({ repository, state: 'open' })).toEqual([]);
  expect((await tracker.listIssues({ repository })).map(({ key }) => key)).toEqual(['1']);
});

test('labels take each other’s place, whatever their case, and those of people stay', async () => {
  await using github = await gitHubServer();
  const tracker = trackerOf(github);
  const issue = await tracker.createIssue({ repository, title: 'Mend it', body: '', labels: ['bug'] });
  const labels = async () => (await tracker.getIssue(issue)).labels;
  await tracker.changeLabels({ issue, add: ['Working'], remove: ['working', 'done'] });
  expect(await labels()).toEqual(['bug', 'Working']);
  await tracker.changeLabels({ issue, add: ['done'], remove: ['working', 'done'] });
  expect(await labels()).toEqual(['bug', 'done']);
  await tracker.changeLabels({ issue, remove: ['working', 'done'] });
  expect(await labels()).toEqual(['bug']);
});

test('a label that somebody else took away meanwhile is no failure; one that may not be changed is', async () => {
  const LABELS = '/repos/acme/shop/issues/1/labels';
  const gone = { status: 404, json: { message: 'Label does not exist' } };
  const forbidden = { status: 403, json: { message: 'Resource not accessible by personal access token' } };
  await using github = await scriptedGitHub({
    [`GET ${LABELS}`]: { json: [{ name: 'bug' }, { name: 'at work/now' }] },
    [`DELETE ${LABELS}/at%20work%2Fnow`]: gone,
    [`POST ${LABELS}`]: forbidden,
  });
  const tracker = createGitHubTracker({ client: github.client() });
  await tracker.changeLabels({ issue: refOf('1'), add: ['BUG'], remove: ['at work/now', 'done'] });
  expect(github.requests.map(({ method }) => method)).toEqual(['GET', 'DELETE']);
  await expect(tracker.changeLabels({ issue: refOf('1'), add: ['new'] })).rejects.toMatchObject({ code: 'forge_forbidden' });
});

test('an issue is opened once although the answer was lost', async () => {
  await using github = await gitHubServer();
  const tracker = trackerOf(github);
  await tracker.createIssue({ repository, title: 'Same', body: 'Text.' });
  github.fail({ method: 'POST', path: /\/issues$/, status: 502, afterwards: true });
  expect(await tracker.createIssue({ repository, title: 'Same', body: 'Text.' })).toMatchObject({ key: '2' });
  expect(await tracker.listIssues({ repository })).toHaveLength(2);
});

test('a pull request is no issue', async () => {
  const pull = { number: 1, repository_url: 'x', pull_request: { url: 'y' }, comments: 0 };
  const issue = { number: 2, html_url: 'u', title: 'T', body: null, state: 'open', labels: [{ name: 'bug' }], user: null, comments: 0 };
  await using github = await scriptedGitHub({
    'GET /repos/acme/shop/issues/1': { json: pull },
    'GET /repos/acme/shop/issues': { json: [issue, pull] },
  });
  const tracker = createGitHubTracker({ client: github.client() });
  await expect(tracker.getIssue(refOf('1'))).rejects.toMatchObject({
    code: 'issue_not_found',
    message: 'acme/shop#1 is a pull request, not an issue.',
  });
  expect(await tracker.listIssues({ repository })).toEqual([
    { ...refOf('2'), title: 'T', body: '', labels: ['bug'], state: 'open', url: 'u' },
  ]);
});

test.each(['0', '-1', '1/../2', 'ABC-7', ''])('%j is no issue and is not asked for', async (key) => {
  await using github = await scriptedGitHub({});
  const tracker = createGitHubTracker({ client: github.client() });
  await expect(tracker.getIssue(refOf(key))).rejects.toMatchObject({
    code: 'issue_not_found',
    message: `There is no issue acme/shop#${key} on ${new URL(github.url).host}: issues have numbers there.`,
  });
  expect(github.requests).toEqual([]);
});

describe('the living comment', () => {
  it('is written once and changed after that, over many pages of others', async () => {
    await using github = await gitHubServer();
    const tracker = trackerOf(github);
    await github.person.rest.issues.create({ ...place, title: 'Long talk' });
    await Promise.all(
      Array.from({ length: 101 }, (_, n) => github.person.rest.issues.createComment({ ...place, issue_number: 1, body: `Comment ${n}` })),
    );
    const written = await tracker.upsertComment({ issue: refOf('1'), marker: MARKER, body: 'Working.' });
    expect(written.body).toBe(`Working.\n\n${MARKER}`);
    const changed = await tracker.upsertComment({ issue: refOf('1'), marker: MARKER, body: `Done.\n\n${MARKER}` });
    expect(changed).toEqual({ ...written, body: `Done.\n\n${MARKER}` });
    expect((await tracker.getIssue({ ...refOf('1'), withComments: true })).comments?.map(({ body }) => body)).not.toContain(changed.body);
  });

  it('is one although the answer was lost', async () => {
    await using github = await gitHubServer();
    await github.person.rest.issues.create({ ...place, title: 'x' });
    github.fail({ method: 'POST', path: /\/comments$/, status: 502, afterwards: true });
    await trackerOf(github).upsertComment({ issue: refOf('1'), marker: MARKER, body: 'Working.' });
    expect(await commentsOf(github)).toEqual([`Working.\n\n${MARKER}`]);
  });

  it('is not a comment of somebody else who writes the marker', async () => {
    const theirs = { id: 5, body: `Mine!\n\n${MARKER}`, html_url: 'x', user: { id: 2, login: 'mallory' } };
    await using github = await scriptedGitHub({
      'GET /user': { json: { id: 1, login: 'acme' } },
      'GET /repos/acme/shop/issues/1/comments': { json: [theirs] },
      'POST /repos/acme/shop/issues/1/comments': { status: 201, json: { id: 6, html_url: 'y' } },
    });
    const tracker = createGitHubTracker({ client: github.client() });
    expect(await tracker.upsertComment({ issue: refOf('1'), marker: MARKER, body: 'Working.' })).toMatchObject({ id: '6' });
  });

  it("is an app's where the token is one's, which is no user: never a person's who writes the marker", async () => {
    const comment = (id: number, user: object) => ({ id, body: `Old.\n\n${MARKER}`, html_url: 'x', user });
    const theirs = comment(4, { id: 3, login: 'mallory', type: 'User' });
    const own = comment(5, { id: 2, login: 'belay[bot]', type: 'Bot' });
    await using github = await scriptedGitHub({
      'GET /user': { status: 403, json: { message: 'Resource not accessible by integration' } },
      'GET /repos/acme/shop/issues/1/comments': { json: [theirs, own] },
      'PATCH /repos/acme/shop/issues/comments/5': { json: { id: 5, html_url: 'x' } },
    });
    const tracker = createGitHubTracker({ client: github.client() });
    for (const body of ['New.', 'Newer.'])
      expect(await tracker.upsertComment({ issue: refOf('1'), marker: MARKER, body })).toMatchObject({ id: '5' });
    expect(github.asked('GET /user')).toHaveLength(1);
  });
});

describe('comments', () => {
  const issue = { number: 1, html_url: 'u', title: 'T', body: 'B', state: 'open', labels: [], user: { login: 'ada' }, repository_url: 'x' };
  const comment = (body: string, author_association = 'NONE') => ({
    body,
    user: { login: 'bob' },
    author_association,
    created_at: '2026-01-02T03:04:05Z',
  });
  const read = async (comments: object[], count = comments.length) => {
    await using github = await scriptedGitHub({
      'GET /repos/acme/shop/issues/1': { json: { ...issue, comments: count } },
      'GET /repos/acme/shop/issues/1/comments': [{ json: comments }, { json: [] }],
    });
    const found = await createGitHubTracker({ client: github.client() }).getIssue({ ...refOf('1'), withComments: true });
    return { ...found, pages: github.asked('GET /repos/acme/shop/issues/1/comments').map(({ path }) => path.split('&page=')[1]) };
  };

  it("come with author and role, without Belay's own and empty ones", async () => {
    const said = [
      comment('First.', 'OWNER'),
      comment(`Working.\n\n${MARKER}`),
      comment(' '),
      comment('Second.', 'FIRST_TIME_CONTRIBUTOR'),
      comment('Third.'),
    ];
    const createdAt = '2026-01-02T03:04:05Z';
    expect(await read(said)).toMatchObject({
      author: 'ada',
      comments: [
        { author: 'bob', role: 'owner', body: 'First.', createdAt },
        { author: 'bob', role: 'first time contributor', body: 'Second.', createdAt },
        { author: 'bob', body: 'Third.', createdAt },
      ],
    });
  });

  it('are not asked for by who wants to know the issue alone', async () => {
    await using github = await scriptedGitHub({ 'GET /repos/acme/shop/issues/1': { json: { ...issue, comments: 950 } } });
    expect(await createGitHubTracker({ client: github.client() }).getIssue(refOf('1'))).not.toHaveProperty('comments');
    expect(github.requests).toHaveLength(1);
  });

  it('that are too many or too long are left out in the middle, and counted', async () => {
    const { comments, commentsLeftOut } = await read(
      ['first', ...Array.from({ length: 9 }, (_, n) => `${n}${'x'.repeat(20_000)}`)].map((body) => comment(body)),
    );
    expect(comments?.map(({ body }) => body.slice(0, 5))).toEqual(['first', '6xxxx', '7xxxx', '8xxxx']);
    expect(comments?.[1]?.body).toMatch(/x\n\n\[cut\]$/);
    expect(commentsLeftOut).toBe(6);
  });

  it('of a long talk are read from its beginning and its end only', async () => {
    const { pages, commentsLeftOut } = await read([comment('first')], 950);
    expect(new Set(pages)).toEqual(new Set(['1', '9', '10']));
    expect(commentsLeftOut).toBe(949);
  });
});

describe('an issue', () => {
  const failing = async (answer: object) => {
    await using github = await scriptedGitHub({ 'GET /repos/acme/shop/issues/3': answer });
    const error: unknown = await createGitHubTracker({ client: github.client() })
      .getIssue(refOf('3'))
      .catch((error: unknown) => error);
    return { error, host: new URL(github.url).host };
  };

  it('that is not there, or not seen, is not found', async () => {
    const { error, host } = await failing({ status: 404, json: { message: 'Not Found' } });
    const message = `There is no issue acme/shop#3 on ${host}, or the token cannot see it.`;
    expect(error).toMatchObject({ code: 'issue_not_found', message });
  });

  it.each(['Issues are disabled for this repo', 'This issue was deleted'])('is gone for a reason: %s', async (reason) => {
    const { error, host } = await failing({ status: 410, json: { message: reason } });
    expect(error).toMatchObject({ code: 'issue_not_found', message: `${host} has no issue acme/shop#3: ${reason}.` });
  });

  it('that has moved is named by its new place', async () => {
    const moved = { number: 8, repository_url: 'https://api.github.com/repos/Acme/Web', comments: 0 };
    const { error } = await failing({ json: moved });
    expect(error).toMatchObject({ code: 'issue_not_found', message: 'acme/shop#3 has moved to acme/web#8.' });
  });

  it('of a size that no agent reads is refused', async () => {
    const large = {
      number: 3,
      html_url: 'u',
      title: 'T',
      body: 'x'.repeat(1024 * 1024),
      state: 'open',
      labels: [],
      user: null,
      repository_url: 'x',
      comments: 0,
    };
    const { error } = await failing({ json: large });
    expect(error).toMatchObject({ code: 'issue_too_large', message: 'The issue acme/shop#3 is larger than 256 KiB.' });
  });
});
