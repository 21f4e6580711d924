import { describe, expect, it, test } from 'vitest';
import { createGitHubForge } from '../../src/forges/github.ts';
import { scriptedGitHub } from '../support/scripted-github.ts';
import type { Script, ScriptedGitHub } from '../support/scripted-github.ts';

const repository = { forge: 'github', owner: 'acme', name: 'shop' } as const;
const MARKER = '<!-- belay github:acme/shop#1 -->';
const forgeOf = (github: ScriptedGitHub, options = {}) =>
  createGitHubForge({ client: github.client(options), gitUrl: 'https://git.example.com/{owner}/{repo}.git' });
const hostOf = ({ url }: ScriptedGitHub): string => new URL(url).host;

const shop = {
  owner: { login: 'Acme' },
  full_name: 'Acme/Shop',
  default_branch: 'trunk',
  archived: false,
  disabled: false,
  permissions: { push: true },
};
const branch = { 'GET /repos/acme/shop/branches/trunk': { json: {} } };
const pull = {
  node_id: 'PR_1',
  number: 7,
  html_url: 'https://github.com/acme/shop/pull/7',
  title: 'One',
  body: `Done.\n\n${MARKER}`,
  state: 'open',
  draft: true,
  merged_at: null,
  head: { ref: 'belay/one', sha: 'a'.repeat(40), repo: { id: 1 } },
  base: { ref: 'trunk', repo: { id: 1 } },
};
const wanted = { repository, branch: 'belay/one', base: 'trunk', title: 'One', body: pull.body, headSha: pull.head.sha };
const invalid = (message: string) => ({
  status: 422,
  json: { message: 'Validation Failed', errors: [{ resource: 'PullRequest', code: 'custom', message }] },
});

test('a pull request that the rules of a repository refuse is told in its words, and asked for once', async () => {
  const words = 'Pull requests into trunk are restricted by a repository rule.';
  await using github = await scriptedGitHub({
    'GET /repos/acme/shop': { json: shop },
    'GET /repos/acme/shop/pulls': { json: [] },
    'POST /repos/acme/shop/pulls': invalid(words),
  });
  await expect(forgeOf(github).createPullRequest(wanted)).rejects.toMatchObject({
    code: 'forge_refused',
    message: `${hostOf(github)} could not open a pull request for belay/one in acme/shop: Validation Failed: ${words.slice(0, -1)} (422).`,
    hint: 'Mend what it names, then `belay retry`.',
  });
  expect(github.asked('POST /repos/acme/shop/pulls')).toHaveLength(1);
});

describe('a repository', () => {
  it('goes by its present name where it was renamed', async () => {
    await using github = await scriptedGitHub({
      'GET /repos/acme/old': { status: 301, headers: { location: '/repositories/1' }, json: { message: 'Moved Permanently' } },
      'GET /repositories/1': { json: shop },
      ...branch,
    });
    const found = await forgeOf(github).describeRepository({ ...repository, name: 'old' });
    expect(found).toEqual({ repository, defaultBranch: 'trunk' });
  });

  it.each([
    ['archived', { archived: true }, 'it is archived, and can only be read.', 'Unarchive it in its settings.'],
    ['disabled', { disabled: true }, 'GitHub has disabled it.', 'Its owner can ask GitHub for the reason.'],
    [
      'not writable',
      { permissions: { push: false } },
      'the token has no right to push to it.',
      'Ask for the role "write" there, or use a token of somebody who has it; `belay doctor` looks at yours.',
    ],
  ])('that is %s is refused before any work', async (_what, change, why, hint) => {
    await using github = await scriptedGitHub({ 'GET /repos/acme/shop': { json: { ...shop, ...change } }, ...branch });
    await expect(forgeOf(github).describeRepository(repository)).rejects.toMatchObject({
      code: 'forge_forbidden',
      message: `Belay cannot work on acme/shop on ${hostOf(github)}: ${why}`,
      hint,
    });
  });

  it('cannot be worked on without a token', async () => {
    await using github = await scriptedGitHub({ 'GET /repos/acme/shop': { json: { ...shop, permissions: undefined } }, ...branch });
    await expect(forgeOf(github, { token: undefined }).describeRepository(repository)).rejects.toMatchObject({
      code: 'forge_not_logged_in',
      message: `Belay cannot work on acme/shop on ${hostOf(github)}: there is no token.`,
    });
    expect(github.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('that is not there, or not seen, is not found', async () => {
    await using github = await scriptedGitHub({ 'GET /repos/acme/shop': { status: 404, json: { message: 'Not Found' } } });
    await expect(forgeOf(github).describeRepository(repository)).rejects.toMatchObject({
      code: 'repository_not_found',
      message: `There is no repository acme/shop on ${hostOf(github)}, or the token cannot see it.`,
    });
  });
});

test('a pull request of another branch, which GitHub may list for its commit, is not the one', async () => {
  await using github = await scriptedGitHub({ 'GET /repos/acme/shop': { json: shop }, 'GET /repos/acme/shop/pulls': { json: [pull] } });
  expect(await forgeOf(github).findPullRequest({ repository, branch: 'belay/two' })).toBeUndefined();
});

test.each([{ id: 2 }, null])('a pull request of the same branch in a fork, which anybody can open, is not the one (%j)', async (repo) => {
  const theirs = { ...pull, head: { ...pull.head, repo } };
  await using github = await scriptedGitHub({ 'GET /repos/acme/shop': { json: shop }, 'GET /repos/acme/shop/pulls': { json: [theirs] } });
  expect(await forgeOf(github).findPullRequest({ repository, branch: 'belay/one' })).toBeUndefined();
});

test('the second of two at once gets the pull request of the first', async () => {
  const script: Script = {
    'POST /repos/acme/shop/pulls': invalid('A pull request already exists for acme:belay/one.'),
    'GET /repos/acme/shop': { json: shop },
    'GET /repos/acme/shop/pulls': { json: [pull] },
  };
  await using github = await scriptedGitHub(script);
  expect(await forgeOf(github).createPullRequest(wanted)).toMatchObject({ number: 7, url: pull.html_url });
  expect(github.asked('GET /repos/acme/shop/pulls')[0]?.path).toContain('head=Acme%3Abelay%2Fone');
});

test('no draft is insisted on where a repository has none', async () => {
  const script: Script = {
    'POST /repos/acme/shop/pulls': [
      invalid('Draft pull requests are not supported in this repository.'),
      { status: 201, json: { ...pull, draft: false } },
    ],
    'GET /repos/acme/shop': { json: shop },
    'GET /repos/acme/shop/pulls': { json: [] },
  };
  await using github = await scriptedGitHub(script);
  const opened = await forgeOf(github).createPullRequest({ ...wanted, draft: true });
  expect(opened).toMatchObject({ draft: false, notes: ['This repository has no drafts: the pull request is open for review.'] });
  expect(github.asked('POST /repos/acme/shop/pulls').map(({ body }) => (body as { draft: boolean }).draft)).toEqual([true, false]);
});

test('a draft is marked as ready for review', async () => {
  const script: Script = {
    'GET /repos/acme/shop/pulls/7': { json: pull },
    'PATCH /repos/acme/shop/pulls/7': { json: pull },
    'POST /graphql': { json: { data: { markPullRequestReadyForReview: { clientMutationId: null } } } },
  };
  await using github = await scriptedGitHub(script);
  const ready = await forgeOf(github).updatePullRequest({ ...wanted, number: 7, draft: false });
  expect(ready.draft).toBe(false);
  const [asked] = github.asked('POST /graphql');
  expect(asked?.body).toMatchObject({
    query: expect.stringContaining('markPullRequestReadyForReview') as string,
    variables: { id: 'PR_1' },
  });
});

test('what GraphQL forbids is forbidden, although its answer is 200', async () => {
  const script: Script = {
    'GET /repos/acme/shop/pulls/7': { json: pull },
    'PATCH /repos/acme/shop/pulls/7': { json: pull },
    'POST /graphql': { json: { data: null, errors: [{ type: 'FORBIDDEN', message: 'Resource not accessible by personal access token' }] } },
  };
  await using github = await scriptedGitHub(script);
  await expect(forgeOf(github).updatePullRequest({ ...wanted, number: 7, draft: false })).rejects.toMatchObject({
    code: 'forge_forbidden',
    message: `${hostOf(github)} could not mark as ready pull request 7 of acme/shop: Resource not accessible by personal access token (403).`,
  });
  // Its text still says that it is a draft of Belay's: another attempt makes it ready.
  expect(github.asked('PATCH /repos/acme/shop/pulls/7')).toEqual([]);
});

test('a pull request that cannot become a draft is brought up to date all the same', async () => {
  const ready = { ...pull, draft: false };
  const script: Script = {
    'GET /repos/acme/shop/pulls/7': { json: ready },
    'PATCH /repos/acme/shop/pulls/7': { json: ready },
    'POST /graphql': { json: { data: null, errors: [{ message: 'Draft pull requests are not supported in this repository.' }] } },
  };
  await using github = await scriptedGitHub(script);
  const changed = await forgeOf(github).updatePullRequest({ ...wanted, number: 7, draft: true });
  expect(changed).toMatchObject({ draft: false, notes: ['This repository has no drafts: the pull request is open for review.'] });
});

test('texts are cut to what GitHub takes, and keep what links them', async () => {
  const script: Script = { 'POST /repos/acme/shop/pulls': { status: 201, json: pull } };
  await using github = await scriptedGitHub(script);
  const body = `${'A line of the report.\n'.repeat(5000)}\nCloses #1\n\n${MARKER}`;
  await forgeOf(github).createPullRequest({ ...wanted, title: 'word '.repeat(100), body });
  const sent = github.asked('POST /repos/acme/shop/pulls')[0]?.body as { title: string; body: string };
  expect([...sent.title].length).toBeLessThanOrEqual(256);
  expect(sent.body.length).toBeLessThanOrEqual(65_536);
  expect(sent.body).toContain('**[Cut here: GitHub takes at most 65,536 characters.]**');
  expect(sent.body.endsWith(`\nCloses #1\n\n${MARKER}`)).toBe(true);
});
