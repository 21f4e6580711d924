import type { RunInput } from '../../contracts/run-input.ts';
import type { ChangeNames, Moved, PublishBranchInput, PushedBranch } from '../../contracts/publishing.ts';
import { Finished, Withdrawn } from '../failures.ts';
import type { Run } from '../run.ts';
import { takeIn } from './take-in.ts';

/** How often what others did meanwhile is taken in. A base that moves faster than the tests run is left as it is then. */
const MAX_ROUNDS = 3;

export interface Pushed extends PushedBranch {
  /** What was taken in. */
  taken: Moved[];
}

/** Pushes the work. What others have committed meanwhile is taken in first, and checked with it. */
export async function pushWork(run: Run, messageArtifact: string | undefined): Promise<Pushed> {
  const taken: Moved[] = [];
  for (;;) {
    const outcome = await pushOnce(run, { settle: taken.length >= MAX_ROUNDS, ...(messageArtifact ? { messageArtifact } : {}) });
    if (!('moved' in outcome)) return { ...outcome, taken };
    await takeIn(run, outcome.moved);
    taken.push(outcome.moved);
  }
}

/** One try. Ends the run where nobody wants the work any more, or nothing is left of it. */
export async function pushOnce(
  run: Run,
  { settle, messageArtifact }: { settle: boolean; messageArtifact?: string },
): Promise<PushedBranch | { moved: Moved }> {
  const input = await pushInput(run);
  const outcome = await run.step('push-branch', (host, step) =>
    host.publishBranch({ step, ...input, ...(settle ? { settle } : {}), ...(messageArtifact ? { messageArtifact } : {}) }),
  );
  if ('over' in outcome) throw new Withdrawn(outcome.over);
  if ('unchanged' in outcome) {
    run.state.view.summary = 'The work leaves the repository as it is.';
    throw new Finished();
  }
  if (!('moved' in outcome)) applyPush(run, outcome);
  return outcome;
}

async function pushInput(run: Run): Promise<Omit<PublishBranchInput, 'step'>> {
  const { repository, issue, continues } = run.input;
  const { view, evidence, published, merged } = run.state;
  const { from, to: checkpoint, settings } = await run.position();
  const branchHead = run.state.branchHead ?? continues?.branchHead;
  // Nobody else's commits are on the branch: it is made anew on the newer base.
  const isRebased = settings.updateBase === 'rebase' && branchHead === undefined;
  const pullRequest = view.pullRequest?.number;
  return {
    repository,
    checkpoint,
    parent: isRebased ? from : (branchHead ?? merged?.from ?? from),
    base: { sha: from, ...(view.base ? { branch: view.base } : {}) },
    expected: published?.headSha ?? branchHead ?? null,
    update: settings.updateBase,
    names: namesOf(run),
    ...(branchHead ? { branchHead } : {}),
    ...(merged && !isRebased ? { work: merged.work } : {}),
    ...(evidence ? { evidence } : {}),
    ...(issue ? { issue: { tracker: issue.tracker, repository, key: issue.key } } : {}),
    ...(pullRequest === undefined ? {} : { pullRequest }),
  };
}

/** What was pushed is what the work goes on from: the newest content of the branch is in its history. */
function applyPush({ state }: Run, { branch, headSha, diffStat }: PushedBranch): void {
  state.published = { branch, headSha };
  state.checkpoint = headSha;
  if (state.evidence) state.evidence = { ...state.evidence, commit: headSha };
  Object.assign(state.view, { branch, headSha, diffStat });
}

function namesOf({ input, state: { view } }: Run): ChangeNames {
  const { issueClass, branch, createdAt } = view;
  return {
    title: titleOf(input),
    createdAt,
    ...(issueClass ? { issueClass } : {}),
    ...(input.issue ? { issueKey: input.issue.key } : {}),
    ...(branch ? { branch } : {}),
  };
}

export const titleOf = ({ issue, request }: RunInput): string => issue?.title ?? request?.split('\n', 1)[0]?.slice(0, 100) ?? 'change';
