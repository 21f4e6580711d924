import { describe, expect, it, test } from 'vitest';
import type { NewPullRequest } from '../../src/forges/forge.ts';
import { createGitHubForge } from '../../src/forges/github.ts';
import { gitHubServer } from '../support/github.ts';
import type { GitHubServer } from '../support/github.ts';

const MARKER = '<!-- belay github:acme/shop#1 -->';

const forgeOf = (github: GitHubServer) => createGitHubForge({ client: github.client(), gitUrl: github.gitUrl });

/** A branch with work on it, and what a run asks for. */
async function work(github: GitHubServer, branch = 'belay/one'): Promise<NewPullRequest> {
  const headSha = await github.remote.commit({ 'a.txt': branch }, { branch });
  return { repository: github.repository, branch, base: 'main', title: 'One', body: `Done.\n\n${MARKER}`, headSha };
}

const openPullRequests = async ({ person }: GitHubServer) =>
  (await person.rest.pulls.list({ owner: 'acme', repo: 'shop', state: 'all' })).data;

test('a repository is known by its default branch, and git is let in with the token', async () => {
  await using github = await gitHubServer();
  const forge = forgeOf(github);
  expect(await forge.describeRepository(github.repository)).toEqual({ repository: github.repository, defaultBranch: 'main' });
  expect(await forge.gitAccess(github.repository)).toEqual({
    url: github.gitUrl.replace('{owner}/{repo}', 'acme/shop'),
    credentials: { username: 'x-access-token', password: github.token },
  });
});

test('an empty repository has no default branch', async () => {
  await using github = await gitHubServer();
  await github.remote.git('update-ref', '-d', 'refs/heads/main');
  expect(await forgeOf(github).describeRepository(github.repository)).toEqual({ repository: github.repository });
});

test('a file is read as it is on a branch, and one that is not there is not', async () => {
  await using github = await gitHubServer({ files: { '.belay.yml': 'test: npm test # é\n' } });
  const file = { repository: github.repository, ref: 'main' };
  expect(await forgeOf(github).readFile({ ...file, path: '.belay.yml' })).toBe('test: npm test # é\n');
  expect(await forgeOf(github).readFile({ ...file, path: 'missing.yml' })).toBeUndefined();
});

describe('a pull request', () => {
  it('is opened once for a branch, with reviewers and labels, and found again', async () => {
    await using github = await gitHubServer();
    const forge = forgeOf(github);
    const wanted = { ...(await work(github)), draft: true, reviewers: ['ada'], labels: ['by-belay'] };
    expect(await forge.findPullRequest(wanted)).toBeUndefined();
    const opened = await forge.createPullRequest(wanted);
    const { repository, branch, base, title, body, headSha } = wanted;
    const known = { repository, branch, base, title, body, headSha, number: 1, state: 'open', draft: true };
    expect(opened).toEqual({ ...known, url: `${github.apiUrl}/acme/shop/pull/1` });
    expect(await forge.createPullRequest(wanted)).toEqual(opened);
    expect(await forge.findPullRequest(wanted)).toEqual(opened);
    const [present, ...others] = await openPullRequests(github);
    expect(others).toEqual([]);
    expect(present).toMatchObject({ requested_reviewers: [{ login: 'ada' }], labels: [{ name: 'by-belay' }] });
  });

  it('is opened once although the answer was lost', async () => {
    await using github = await gitHubServer();
    github.fail({ method: 'POST', path: /\/pulls$/, status: 502, afterwards: true });
    const opened = await forgeOf(github).createPullRequest(await work(github));
    expect(opened.number).toBe(1);
    expect(await openPullRequests(github)).toHaveLength(1);
  });

  it('is asked for again where the server failed before it', async () => {
    await using github = await gitHubServer();
    github.fail({ method: 'POST', path: /\/pulls$/, status: 502 });
    expect(await forgeOf(github).createPullRequest(await work(github))).toMatchObject({ number: 1, state: 'open' });
  });

  it('gets a new text, follows its branch and is closed', async () => {
    await using github = await gitHubServer();
    const forge = forgeOf(github);
    const wanted = await work(github);
    const { number } = await forge.createPullRequest(wanted);
    const headSha = await github.remote.commit({ 'b.txt': 'more' }, { branch: wanted.branch });
    const change = { repository: github.repository, number, title: 'Two', body: `More.\n\n${MARKER}`, headSha };
    expect(await forge.updatePullRequest(change)).toMatchObject({ title: 'Two', body: change.body, headSha, state: 'open' });
    expect(await forge.updatePullRequest({ ...change, state: 'closed' })).toMatchObject({ state: 'closed' });
    expect(await forge.findPullRequest(wanted)).toMatchObject({ number, state: 'closed' });
  });

  it('gets the reviewers and labels that the attempt which opened it did not come to', async () => {
    await using github = await gitHubServer();
    const forge = forgeOf(github);
    const wanted = await work(github);
    const { number } = await forge.createPullRequest(wanted);
    await forge.updatePullRequest({ ...wanted, number, reviewers: ['ada'], labels: ['by-belay'] });
    const [present] = await openPullRequests(github);
    expect(present).toMatchObject({ requested_reviewers: [{ login: 'ada' }], labels: [{ name: 'by-belay' }] });
  });

  it('that is open is found before a newer one that is closed', async () => {
    await using github = await gitHubServer();
    const forge = forgeOf(github);
    const wanted = await work(github);
    await github.remote.git('branch', 'release', 'main');
    const first = await forge.createPullRequest(wanted);
    const second = await github.person.rest.pulls.create({
      owner: 'acme',
      repo: 'shop',
      head: wanted.branch,
      base: 'release',
      title: 'Other',
    });
    await github.person.rest.pulls.update({ owner: 'acme', repo: 'shop', pull_number: second.data.number, state: 'closed' });
    expect(await forge.findPullRequest(wanted)).toMatchObject({ number: first.number, state: 'open' });
  });

  it('of a person keeps title, text and state, and gets a comment with what Belay has to say', async () => {
    await using github = await gitHubServer();
    const forge = forgeOf(github);
    const wanted = await work(github);
    const place = { owner: 'acme', repo: 'shop' };
    await github.person.rest.pulls.create({ ...place, head: wanted.branch, base: 'main', title: 'Mine', body: 'By hand.' });
    const found = await forge.createPullRequest({ ...wanted, labels: ['by-belay'] });
    expect(found).toMatchObject({ number: 1, title: 'Mine', body: 'By hand.' });
    const change = {
      repository: github.repository,
      number: 1,
      title: 'Two',
      body: wanted.body,
      headSha: wanted.headSha,
      state: 'closed' as const,
    };
    for (const _ of ['once', 'again'])
      expect(await forge.updatePullRequest(change)).toMatchObject({
        title: 'Mine',
        body: 'By hand.',
        state: 'open',
        notes: ["Pull request 1 is not Belay's: its title and text stay as they are, and the report is a comment on it."],
      });
    expect(await openPullRequests(github)).toMatchObject([{ title: 'Mine', body: 'By hand.', labels: [] }]);
    const comments = await github.person.rest.issues.listComments({ ...place, issue_number: 1 });
    expect(comments.data.map(({ body }) => body)).toEqual([wanted.body]);
  });

  it('stands although a reviewer cannot be asked, and says who', async () => {
    await using github = await gitHubServer();
    const message = 'Reviews may only be requested from collaborators.';
    github.fail({ method: 'POST', path: /requested_reviewers$/, status: 422, message });
    const opened = await forgeOf(github).createPullRequest({ ...(await work(github)), reviewers: ['mallory', 'ada'] });
    expect(opened.notes).toEqual([
      `${new URL(github.apiUrl).host} could not ask mallory to review pull request 1 of acme/shop: ${message.slice(0, -1)} (422).`,
    ]);
    expect(await openPullRequests(github)).toMatchObject([{ requested_reviewers: [{ login: 'ada' }] }]);
  });

  it.each([
    ['the base is missing', { base: 'gone' }, 'Validation Failed: base invalid (422).'],
    ['the branch is missing', { branch: 'gone' }, 'Validation Failed: head invalid (422).'],
    ['there is nothing in it', { branch: 'main' }, 'Validation Failed: No commits between main and main (422).'],
  ])("is refused in GitHub's words where %s", async (_why, change, words) => {
    await using github = await gitHubServer();
    const refused = forgeOf(github).createPullRequest({ ...(await work(github)), ...change });
    await expect(refused).rejects.toMatchObject({ code: 'forge_refused', message: expect.stringContaining(words) as string });
  });
});
