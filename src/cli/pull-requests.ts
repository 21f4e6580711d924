import { readFile } from 'node:fs/promises';
import { BelayError } from '../contracts/errors.ts';
import { repositoryOfRun } from '../contracts/repository.ts';
import type { PullRequest } from '../contracts/repository.ts';
import type { RunView } from '../contracts/run-view.ts';
import { createMirrors } from '../git/mirror.ts';
import { mergeBranch } from '../git/merge.ts';
import type { Context } from './context.ts';
import { EXIT } from './terminal.ts';

const MAX_DIFF_BYTES = 10_000_000;

/** `belay pr show`: the pull request as it is written. */
export async function showPullRequest(context: Context, id: string, { json }: { json: boolean }): Promise<number> {
  const { pullRequest } = await find(context, id);
  context.terminal.out(json ? JSON.stringify(pullRequest, undefined, 2) : await readFile(pullRequest.url, 'utf8'));
  return EXIT.ok;
}

/** `belay pr diff`: what it changes. */
export async function diffPullRequest(context: Context, id: string): Promise<number> {
  const { pullRequest, view } = await find(context, id);
  const mirror = await createMirrors({ home: context.config.home, env: context.env }).open(pullRequest.repository);
  const { text } = await mirror.diff({ from: view.baseSha ?? pullRequest.base, to: pullRequest.headSha, maxBytes: MAX_DIFF_BYTES });
  // A patch for a program has to apply as it is.
  if (context.terminal.piped) context.terminal.exact(text);
  else context.terminal.out(text);
  return EXIT.ok;
}

/** `belay pr merge`: merges it into its base branch, in the repository itself. */
export async function mergePullRequest(context: Context, id: string): Promise<number> {
  const { pullRequest, view } = await find(context, id);
  requireOpen(pullRequest);
  const { repository, branch, base, headSha, number, title } = pullRequest;
  const access = await context.forges.local.gitAccess(repository);
  const mirror = await createMirrors({ home: context.config.home, env: context.env }).open(repository);
  const sha = await mergeBranch({
    ...access,
    mirror,
    branch,
    base,
    headSha,
    message: `Merge pull request #${number} from ${branch}\n\n${title}\n`,
  });
  await context.forges.local.setPullRequestState({ repository, number, state: 'merged' });
  if (view.issue) await context.trackers.local.closeIssue({ tracker: 'local', repository, key: view.issue.key });
  context.terminal.out(`Merged #${number} into ${base} at ${sha.slice(0, 12)}.`);
  return EXIT.ok;
}

/** `belay pr close`: closes it without merging; its branch stays. */
export async function closePullRequest(context: Context, id: string): Promise<number> {
  const { pullRequest } = await find(context, id);
  requireOpen(pullRequest);
  await context.forges.local.setPullRequestState({ repository: pullRequest.repository, number: pullRequest.number, state: 'closed' });
  context.terminal.out(`Closed #${pullRequest.number}. Its branch ${pullRequest.branch} stays.`);
  return EXIT.ok;
}

async function find({ ledger, forges }: Context, id: string): Promise<{ view: RunView; pullRequest: PullRequest }> {
  const view = await ledger.getRun(id);
  const repository = repositoryOfRun(view);
  if (view.pullRequest && repository.forge !== 'local') throw elsewhere(view.pullRequest);
  if (view.pullRequest) return { view, pullRequest: await forges.local.getPullRequest({ repository, number: view.pullRequest.number }) };
  throw new BelayError({
    code: 'invalid_input',
    message: `Run ${view.id} has no pull request.`,
    hint: `It is ${view.status}; \`belay show ${view.id}\` says more.`,
  });
}

const elsewhere = ({ number, url }: { number: number; url: string }): BelayError =>
  new BelayError({
    code: 'invalid_input',
    message: `Pull request #${number} is on GitHub; \`belay pr\` is for those of the local forge.`,
    hint: `Open it there: ${url}`,
  });

function requireOpen({ state, number }: PullRequest): void {
  if (state !== 'open') throw new BelayError({ code: 'invalid_input', message: `Pull request #${number} is ${state} already.` });
}
