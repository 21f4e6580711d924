import { review as reviewSchema, pullRequestText } from '../contracts/agent-outputs.ts';
import { BelayError } from '../contracts/errors.ts';
import { plainLine } from '../contracts/text.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { OpenPullRequestInput, OpenPullRequestOutcome, PublishBranchInput, PublishBranchOutcome } from '../contracts/work.ts';
import type { Mirror } from '../git/mirror.ts';
import type { Push } from '../git/push.ts';
import { branchName } from '../texts/branch-name.ts';
import { commitMessage } from '../texts/commit-message.ts';
import { pullRequestBody } from '../texts/pull-request-body.ts';
import type { Dependencies } from './dependencies.ts';
import type { Holding } from './holdings.ts';
import { createJournal, recordedStep } from './journal.ts';
import { artifactText } from './prompt-values.ts';
import { testNotes } from './test-notes.ts';

/** More rows than this tell nobody anything. */
const MAX_EARLIER_RUNS = 20;

export function publishActivities(deps: Dependencies) {
  return {
    /** Pushes one commit with the checked tree. Retry-safe: the same input makes the same commit, and a branch already there is fine. */
    async publishBranch(input: PublishBranchInput, cancelled: AbortSignal): Promise<PublishBranchOutcome> {
      return deps.holdings.use(input.step, cancelled, (holding, signal) =>
        recordedStep(deps, input.step, async () => {
          const { checkpoint, parent, expected } = input;
          const names = { ...input.names, title: plainLine(input.names.title, 100) };
          const { runId } = input.step.lease;
          const { mirror } = holding;
          const access = await deps.forges[input.repository.forge].gitAccess(input.repository);
          const tree = await checkedTree(holding, input);
          const branch = names.branch ?? branchName({ ...names, runId });
          const proposed = input.messageArtifact ? await artifactText(deps, input.messageArtifact) : undefined;
          const message = commitMessage({ ...names, runId, ...(proposed ? { proposed } : {}) });
          const sha = await mirror.commitTree({ tree, parents: [parent], message, date: new Date(names.createdAt) });
          await assertCurrent(deps, input);
          const headSha = await pushWork(mirror, { ...access, branch, sha, expected, signal });
          const diffStat = await mirror.diffStat({ from: holding.baseSha, to: checkpoint });
          return { value: { branch, headSha, diffStat }, summary: `${branch} at ${headSha.slice(0, 12)}` };
        }),
      );
    },

    /** Opens the pull request, or brings the one of this branch up to date. Retry-safe: found by head branch. */
    async openPullRequest(input: OpenPullRequestInput, cancelled: AbortSignal): Promise<OpenPullRequestOutcome> {
      const { step, repository, branch, base, headSha } = input;
      return deps.holdings.use(step, cancelled, (holding) =>
        recordedStep(deps, step, async () => {
          const forge = deps.forges[repository.forge];
          const view = await deps.ledger.getRun(step.lease.runId);
          const notes = await testNotes(deps, holding, input.evidence);
          const { title, body } = await pullRequestOf(deps, view, { ...input, notes });
          await assertCurrent(deps, input);
          const known = await forge.findPullRequest({ repository, branch });
          const { number, url } =
            known?.state === 'open'
              ? await forge.updatePullRequest({ repository, number: known.number, title, body, headSha })
              : await forge.createPullRequest({ repository, branch, base, title, body, headSha });
          const journal = createJournal(deps, step);
          journal.line(`Pull request #${number}: ${url}`);
          await journal.flush();
          return { value: { number, url, title }, summary: `#${number}` };
        }),
      );
    },
  };
}

/** Gives the branch's head. An attempt whose answer was lost may have pushed the same work with another message: that is as good. */
async function pushWork(mirror: Mirror, request: Push & { signal: AbortSignal }): Promise<string> {
  const { branch, sha, signal } = request;
  try {
    await mirror.push(request);
    return sha;
  } catch (error) {
    if (!(error instanceof BelayError) || error.code !== 'branch_moved') throw error;
    const present = await mirror.fetchBranch({ ...request, branch, signal }).catch(() => undefined);
    if (present !== undefined && (await isSameWork(mirror, present, sha))) return present;
    throw error;
  }
}

async function isSameWork(mirror: Mirror, one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map(async (sha) => [await mirror.treeOf(sha), ...(await mirror.parentsOf(sha))].join(' ')));
  return a === b;
}

/** What is published is what was checked. */
async function checkedTree({ mirror }: Holding, { checkpoint, evidence }: PublishBranchInput): Promise<string> {
  const tree = await mirror.treeOf(checkpoint);
  if (!evidence || evidence.treeHash === tree) return tree;
  throw new BelayError({
    code: 'internal',
    message: `The tree to publish (${tree.slice(0, 12)}) is not the tree that was checked (${evidence.treeHash.slice(0, 12)}).`,
    hint: '`belay retry --phase test` checks it.',
  });
}

/** The fence: an older lease, or another execution of the run, publishes nothing. */
async function assertCurrent({ ledger }: Dependencies, { step }: { step: PublishBranchInput['step'] }): Promise<void> {
  const { runId, epoch, executionId } = step.lease;
  const current = await ledger.currentEpoch(runId);
  if (current?.epoch === epoch && current.executionId === executionId) return;
  throw new BelayError({ code: 'lease_lost', message: `Lease ${epoch} of run ${runId} has passed to another.` });
}

/** The runs that this one goes on from: what they cost is part of what the pull request cost. */
async function earlierRuns({ ledger }: Dependencies, { continues }: RunView): Promise<RunView[]> {
  const runs: RunView[] = [];
  for (let id = continues; id !== undefined && runs.length < MAX_EARLIER_RUNS; id = runs.at(-1)?.continues)
    runs.push(await ledger.getRun(id));
  return runs;
}

async function pullRequestOf(
  deps: Dependencies,
  view: RunView,
  { title, issueArtifact, textArtifact, reviewArtifact, evidence, notes }: OpenPullRequestInput & { notes: string[] },
) {
  const text = textArtifact ? pullRequestText.parse(JSON.parse(await artifactText(deps, textArtifact))) : undefined;
  const review = reviewArtifact ? reviewSchema.parse(JSON.parse(await artifactText(deps, reviewArtifact))) : undefined;
  const asked = await artifactText(deps, issueArtifact);
  const body = pullRequestBody({
    view,
    asked,
    ...(text ? { done: text.body } : {}),
    ...(evidence ? { evidence } : {}),
    ...(review ? { review } : {}),
    notes,
    earlier: await earlierRuns(deps, view),
  });
  return { title: plainLine(text?.title ?? title, 256), body };
}
