import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import { PROGRESS_MARKER } from '../../src/texts/progress-comment.ts';
import { belayUser } from '../support/cli.ts';
import type { BelayUser, Ended } from '../support/cli.ts';
import { gitHubServer } from '../support/github.ts';
import type { GitHubServer } from '../support/github.ts';

const place = { owner: 'acme', repo: 'shop' };
/** The tests of the repository see everything that agents see. */
const SETTINGS = 'test: "! env | grep ghp_"\nissue: { labels: { running: at work, completed: done } }\n';

const variablesOf = ({ token, apiUrl, gitUrl }: GitHubServer) => ({
  GITHUB_TOKEN: token,
  BELAY_GITHUB_API_URL: apiUrl,
  BELAY_GITHUB_GIT_URL: gitUrl,
});

describe('an issue on GitHub', () => {
  let github: GitHubServer;
  let user: BelayUser;
  let ended: Ended;
  let view: RunView;

  beforeAll(async () => {
    github = await gitHubServer({ files: { 'README.md': 'A shop.\n', '.belay.yml': SETTINGS } });
    user = await belayUser({ env: variablesOf(github) });
    await github.person.rest.issues.create({ ...place, title: 'Totals go negative', body: 'Mend it. <!-- Or do not. -->' });
    await github.person.rest.issues.createComment({ ...place, issue_number: 1, body: 'With coupons only.' });
    ended = await user.belay(['run', 'acme/shop#1', '--json']);
    view = await user.view();
  });
  afterAll(async () => {
    await user[Symbol.asyncDispose]();
    await github[Symbol.asyncDispose]();
  });

  it('is brought to a pull request that closes it', async () => {
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(view).toMatchObject({ workflowId: 'github:acme/shop#1', status: 'completed', outcome: 'pull_request', base: 'main' });
    const { data } = await github.person.rest.pulls.list({ ...place, state: 'all' });
    expect(data.map(({ number, state, base, head }) => [number, state, base.ref, head.ref])).toEqual([[2, 'open', 'main', view.branch]]);
    expect(data[0]?.body).toContain('Closes #1');
    expect(data[0]?.head.sha).toBe(await github.remote.sha(String(view.branch)));
    expect(view.pullRequest).toMatchObject({ number: 2, url: data[0]?.html_url });
  });

  it('costs no more questions than these', () => {
    const shop = '/repos/acme/shop';
    const taken = [`GET ${shop}`, `GET ${shop}/branches/main`, `GET ${shop}/issues/1`];
    const read = [`GET ${shop}/issues/1`, `GET ${shop}/issues/1/comments`];
    const labels = `${shop}/issues/1/labels`;
    const told = ['GET /user', `GET ${shop}/issues/1/comments`, `POST ${shop}/issues/1/comments`, `GET ${labels}`, `POST ${labels}`];
    // Whether the issue is still wanted: with the comment on the plan, which is written beside the work, before the tests and before the review.
    const looked = Array.from({ length: 3 }, () => `GET ${shop}/issues/1`);
    const published = [`GET ${shop}/issues/1`, `GET ${shop}`, `GET ${shop}/pulls`, `POST ${shop}/pulls`];
    const toldAgain = [`GET ${shop}/issues/1/comments`, `PATCH ${shop}/issues/comments/2`];
    const relabelled = [`GET ${labels}`, `POST ${labels}`, `DELETE ${labels}/at%20work`];
    const all = [...taken, ...read, ...told, ...looked, ...published, ...toldAgain, ...relabelled];
    expect(github.asked.toSorted()).toEqual(all.toSorted());
  });

  it('gets one living comment that names the pull request', async () => {
    const { data } = await github.person.rest.issues.listComments({ ...place, issue_number: 1 });
    const living = data.filter(({ body }) => body?.includes(PROGRESS_MARKER));
    expect(living).toHaveLength(1);
    expect(living[0]?.body).toContain(String(view.pullRequest?.url));
  });

  it('has the label of a run that is done', async () => {
    const { data } = await github.person.rest.issues.get({ ...place, issue_number: 1 });
    expect(data.labels.map((label) => (typeof label === 'string' ? label : label.name))).toEqual(['done']);
  });

  it('reaches the agents as its readers see it, comments and all', async () => {
    const files = await readdir(user.home, { recursive: true });
    const issue = files.find((file) => file.endsWith('issue.md')) ?? 'none';
    const text = await readFile(join(user.home, issue), 'utf8');
    expect(text).toContain('Mend it.');
    expect(text).toContain('> With coupons only.');
    expect(text).not.toContain('Or do not.');
  });

  it('leaves the token nowhere', async () => {
    const files = await readdir(user.home, { recursive: true, withFileTypes: true });
    const regular = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
    expect(regular.length).toBeGreaterThan(20);
    const holders = [];
    for (const file of regular) if ((await readFile(file)).includes(github.token)) holders.push(file);
    expect(holders).toEqual([]);
    expect(`${ended.stdout}${ended.stderr}`).not.toContain(github.token);
  });
});

describe('npm run e2e:github', () => {
  const SCRIPT = '../scripts/e2e-github.ts';

  test('brings an issue of its own to a pull request, and leaves nothing open', async () => {
    await using github = await gitHubServer({ files: { 'README.md': 'A shop.\n', '.belay.yml': SETTINGS } });
    await using user = await belayUser({ env: variablesOf(github) });
    await using program = user.startProgram(SCRIPT, {}, ['--repo', 'acme/shop']);
    const { exitCode, stdout } = await program.ended;
    expect(exitCode, stdout).toBe(0);
    expect(stdout).toContain('✓ there is an open pull request');
    expect((await github.person.rest.issues.listForRepo({ ...place, state: 'open' })).data).toEqual([]);
    expect((await github.person.rest.pulls.list({ ...place, state: 'open' })).data).toEqual([]);
    expect(await github.remote.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main');
  });

  test.each([
    [[], {}, 'There is no --repo.'],
    [['--repo', 'nonsense'], {}, 'nonsense is no repository on github.com.'],
    [['--repo', 'acme/shop'], {}, 'There is no token for github.com.'],
  ])('says how it is used, given %j', async (args, env, why) => {
    await using user = await belayUser({ env });
    await using program = user.startProgram(SCRIPT, {}, args);
    const { exitCode, stdout } = await program.ended;
    expect(exitCode).toBe(2);
    expect(stdout).toContain(`${why}\n\nUsage: npm run e2e:github -- --repo owner/name`);
  });
});
