import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { composeForges, composeGitHub } from '../src/compose-forges.ts';
import type { Config } from '../src/config.ts';
import { loadConfig } from '../src/config.ts';
import { BelayError } from '../src/contracts/errors.ts';
import type { Issue, PullRequest, RepositoryRef } from '../src/contracts/repository.ts';
import { repositorySlug } from '../src/contracts/repository.ts';
import type { RunView } from '../src/contracts/run-view.ts';
import { isOurs } from '../src/github/limits.ts';
import { gitHubRepository } from '../src/intake/repository-name.ts';
import { PROGRESS_MARKER } from '../src/texts/progress-comment.ts';

/**
 * `npm run e2e:github -- --repo owner/name [--engine claude]`: opens an issue in that repository, has it brought to a pull request,
 * looks at what came of it, and cleans up. It needs a person's own token, and a repository made for this; it is not part of CI.
 */

const USAGE = `Usage: npm run e2e:github -- --repo owner/name [--engine NAME]
A repository of your own, made for this, with a first commit. The token is GITHUB_TOKEN's, or that of \`gh\`.`;
const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));

/** Without an agent: the same work every time. */
const SCRIPT = {
  classify: [{ json: { class: 'chore', reason: 'A test of Belay.' } }],
  plan: [{ say: '# Plan\n\nWrite belay-e2e.md.' }],
  implement: [{ say: 'Written.', write: { 'belay-e2e.md': 'Written by a test of Belay.\n' } }],
  review: [{ json: { passed: true, issues: [] } }],
  document: [{ say: 'Nothing to document.' }],
  'commit-message': [{ say: 'chore: write belay-e2e.md' }],
  'pull-request': [{ json: { title: 'A test of Belay', body: 'Made by a test; it is closed at once.' } }],
};

const { values } = parseArgs({ options: { repo: { type: 'string' }, engine: { type: 'string', default: 'scripted' } } });
const home = await mkdtemp(join(tmpdir(), 'belay-e2e-'));
try {
  const config = loadConfig({ ...process.env, BELAY_HOME: home });
  const client = composeGitHub(config, process.env);
  const repository = values.repo === undefined ? undefined : gitHubRepository(values.repo, client);
  if (repository === undefined)
    fail(values.repo === undefined ? 'There is no --repo.' : `${values.repo} is no repository on ${client.host}.`);
  else if ((await client.token()) === undefined) fail(`There is no token for ${client.host}.`);
  else await bringToPullRequest(config, repository);
} catch (error) {
  say(error instanceof BelayError ? `✗ ${error.message}\n  → ${error.hint ?? ''}` : `✗ ${String(error)}`);
  process.exitCode = 1;
} finally {
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
}

function fail(why: string): void {
  say(`${why}\n\n${USAGE}`);
  process.exitCode = 2;
}

async function bringToPullRequest(config: Config, repository: RepositoryRef): Promise<void> {
  const { forges, trackers } = composeForges(config, process.env);
  const { repository: present } = await forges.github.describeRepository(repository);
  const body = 'Write a file `belay-e2e.md` that says it was written by a test of Belay.';
  const issue = await trackers.github.createIssue({ repository: present, title: 'A test of Belay', body });
  say(`✓ issue ${issue.url}`);
  let pullRequest: PullRequest | undefined;
  try {
    const view = await run(issue);
    pullRequest = view.branch ? await forges.github.findPullRequest({ repository: present, branch: view.branch }) : undefined;
    await check(config, issue, view, pullRequest);
  } finally {
    await trackers.github.closeIssue(issue);
    await cleanUp(config, issue, pullRequest);
    say('✓ cleaned up');
  }
}

async function run({ repository, key }: Issue): Promise<RunView> {
  const script = join(home, 'script.yml');
  await writeFile(script, JSON.stringify(SCRIPT));
  const env = { ...process.env, BELAY_HOME: home, BELAY_SCRIPT: script };
  const args = [CLI, 'run', `${repositorySlug(repository)}#${key}`, '--engine', values.engine, '--json'];
  const answer = Promise.withResolvers<string>();
  const child = execFile(process.execPath, args, { env, maxBuffer: 1 << 28 }, (error, stdout) => {
    if (stdout.trim() === '') answer.reject(new Error('belay run gave no answer.', { cause: error }));
    else answer.resolve(stdout);
  });
  child.stderr?.pipe(process.stderr);
  return JSON.parse(await answer.promise) as RunView;
}

async function check(config: Config, issue: Issue, view: RunView, pullRequest: PullRequest | undefined): Promise<void> {
  expect(view.status === 'completed' && view.outcome === 'pull_request', `the run has completed (it is ${view.status})`);
  expect(pullRequest?.state === 'open', `there is an open pull request (${pullRequest?.url ?? 'none'})`);
  expect(isOurs(pullRequest?.body), 'the pull request carries the mark of Belay');
  expect(pullRequest?.body.includes(`Closes #${issue.key}`) === true, 'the pull request closes the issue');
  expect(pullRequest?.headSha === view.headSha, 'the pull request holds the commit of the run');
  const comments = await composeGitHub(config, process.env).call({ doing: 'read the comments' }, async (octokit) => {
    return (await octokit.rest.issues.listComments({ ...place(issue), issue_number: Number(issue.key) })).data;
  });
  const living = comments.filter((comment) => comment.body?.includes(PROGRESS_MARKER));
  expect(living.length === 1, `there is one living comment on the issue (there are ${living.length})`);
  expect(living[0]?.body?.includes(String(pullRequest?.url)) === true, 'the comment names the pull request');
}

async function cleanUp(config: Config, issue: Issue, pullRequest: PullRequest | undefined): Promise<void> {
  if (!pullRequest) return;
  await composeGitHub(config, process.env).call({ doing: 'clean up' }, async (octokit) => {
    await octokit.rest.pulls.update({ ...place(issue), pull_number: pullRequest.number, state: 'closed' });
    await octokit.rest.git.deleteRef({ ...place(issue), ref: `heads/${pullRequest.branch}` });
  });
}

function place({ repository }: Issue): { owner: string; repo: string } {
  return { owner: repository.owner, repo: repository.name };
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Not so: ${what}.`);
  say(`✓ ${what}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
