import { BelayError } from '../contracts/errors.ts';
import { plainLine } from '../contracts/text.ts';
import type { Moved, PublishBranchInput, PublishBranchOutcome } from '../contracts/publishing.ts';
import type { GitAccess } from '../git/access.ts';
import { contains } from '../git/merge-trees.ts';
import type { Mirror } from '../git/mirror.ts';
import type { Push } from '../git/push.ts';
import { branchName } from '../texts/branch-name.ts';
import { commitMessage } from '../texts/commit-message.ts';
import type { Dependencies } from './dependencies.ts';
import { foundEffect, performEffect } from './effects.ts';
import { assertCurrent } from './fence.ts';
import type { Holding } from './holdings.ts';
import { artifactIfHere } from './prompt-values.ts';
import { reasonToStop } from './reason-to-stop.ts';

interface PushWork {
  deps: Dependencies;
  holding: Holding;
  input: PublishBranchInput;
  signal: AbortSignal;
}

/** Where the remote is now. */
interface Present {
  access: GitAccess;
  branch: string;
  tip: string | null;
  baseTip: string | undefined;
}

/** Pushes the checked work, unless others have moved what it stands on, or it is not wanted any more. */
export async function publishWork(work: PushWork): Promise<PublishBranchOutcome> {
  const { deps, holding, input, signal } = work;
  const { mirror } = holding;
  const names = namesOf(input);
  const branch = names.branch ?? branchName({ ...names, runId: input.step.lease.runId });
  const tree = await checkedTree(holding, input);
  const [present, over, sha, diffStat] = await Promise.all([
    lookAround(work, branch),
    reasonToStop(deps, input, branch),
    composeCommit(work, tree),
    mirror.diffStat({ from: input.base.sha, to: input.checkpoint }),
  ]);
  if (over) return { over };
  const pushed = (headSha: string) => ({ branch, headSha, diffStat });
  const effect = { name: 'push-branch', runId: input.step.lease.runId, on: branch } as const;
  const found = async (headSha: string) => {
    await foundEffect(deps, { ...effect, receipt: headSha });
    return pushed(headSha);
  };
  if (present.tip === sha) return found(sha);
  const moved = (await movedBranch(work, present, sha)) ?? (await movedBase(work, present));
  if (moved === 'pushed_before') return found(present.tip as string);
  if (moved) return { moved };
  if (await changesNothing(mirror, input, { tree, diffStat }))
    return isUnshown(input, present, diffStat) ? found(input.parent) : { unchanged: true };
  await assertCurrent(deps, input, {});
  const request = { ...present.access, branch, sha, expected: present.tip, signal };
  const headSha = await performEffect(deps, { ...effect, intent: sha, receipt: (head) => head }, () => pushFenced(holding, request));
  return { ...pushed(headSha), ...(present.tip === null && input.expected !== null ? { restored: true } : {}) };
}

/** All of the work is on the branch, by an attempt that was killed before there was a pull request. */
const isUnshown = ({ parent, pullRequest }: PublishBranchInput, { tip }: Present, diffStat: string): boolean =>
  tip === parent && pullRequest === undefined && diffStat !== '';

const namesOf = ({ names }: PublishBranchInput) => ({ ...names, title: plainLine(names.title, 100) });

async function lookAround({ deps, holding, input, signal }: PushWork, branch: string): Promise<Present> {
  const { update, settle, repository } = input;
  const access = await deps.forges[repository.forge].gitAccess(repository);
  const base = update === 'off' || settle ? undefined : input.base.branch;
  const branches = [branch, ...(base === undefined ? [] : [base])];
  const heads = await holding.mirror.remoteHeads({ ...access, branches, signal });
  return { access, branch, tip: heads.get(branch) ?? null, baseTip: base === undefined ? undefined : heads.get(base) };
}

/** One commit on what the work stands on; a merge where that must not be rewritten and lacks the newer base. The same input makes the same commit. */
async function composeCommit({ deps, holding: { mirror }, input }: PushWork, tree: string): Promise<string> {
  const { parent, base, work } = input;
  const names = namesOf(input);
  const { runId } = input.step.lease;
  // A plain one is as good as none at all from another host.
  const proposed = await artifactIfHere(deps, input.messageArtifact);
  const message = commitMessage({ ...names, runId, ...(proposed ? { proposed } : {}) });
  const date = new Date(names.createdAt);
  if (await contains({ mirror, commit: parent, ancestor: base.sha })) return mirror.commitTree({ tree, parents: [parent], message, date });
  const separate = work !== undefined && (await contains({ mirror, commit: work, ancestor: parent }));
  if (!separate) return mirror.commitTree({ tree, parents: [parent, base.sha], message, date });
  const below = await mirror.commitTree({ tree: await mirror.treeOf(work), parents: [parent], message, date });
  const merge = `Merge ${base.branch ?? base.sha.slice(0, 12)}\n\nBelay-Run: ${runId}\n`;
  return mirror.commitTree({ tree, parents: [below, base.sha], message: merge, date });
}

/** The agents may have taken back what they did, or the base may have won the same change. */
async function changesNothing(
  mirror: Mirror,
  { parent, base, work }: PublishBranchInput,
  { tree, diffStat }: { tree: string; diffStat: string },
): Promise<boolean> {
  if (work !== undefined || (parent === base.sha && diffStat !== '')) return false;
  return (await mirror.treeOf(parent)) === tree;
}

/** What people have done to the branch meanwhile. An attempt whose answer was lost may have pushed the same work with another message: that is as good. */
async function movedBranch(
  { holding: { mirror }, input, signal }: PushWork,
  { access, branch, tip }: Present,
  sha: string,
): Promise<Moved | 'pushed_before' | undefined> {
  const { expected, branchHead, checkpoint, settle } = input;
  const lacks = branchHead !== undefined && !(await contains({ mirror, commit: checkpoint, ancestor: branchHead }));
  if (tip === null || tip === expected) return lacks ? { what: 'branch', name: branch, sha: tip ?? branchHead } : undefined;
  const present = await mirror.fetchBranch({ ...access, branch, signal });
  if (await isSameWork(mirror, present, sha)) return 'pushed_before';
  // An attempt that was killed may have pushed ours, and somebody on top of it, before this one knew that the branch is there.
  const isOnTop = await contains({ mirror, commit: present, ancestor: expected ?? sha });
  if (isOnTop && !settle) return { what: 'branch', name: branch, sha: present };
  throw notOurs({ branch, present, expected, isOnTop });
}

function notOurs({ branch, present, expected, isOnTop }: { branch: string; present: string; expected: string | null; isOnTop: boolean }) {
  const known = expected === null ? 'it was not to exist yet' : `Belay knows it at ${expected.slice(0, 12)}`;
  return new BelayError({
    code: 'branch_moved',
    message: `Branch ${branch} is at ${present.slice(0, 12)}, but ${known}: somebody ${isOnTop ? 'keeps pushing to it' : 'rewrote it'}.`,
    hint: 'Belay overwrites nobody’s commits. Look at the branch; `belay run --fresh` takes a branch of its own.',
  });
}

/** The base's newer commits, unless the work has them. */
async function movedBase({ holding: { mirror }, input, signal }: PushWork, { access, baseTip }: Present): Promise<Moved | undefined> {
  const { base, checkpoint } = input;
  if (base.branch === undefined || baseTip === undefined || baseTip === base.sha) return undefined;
  const sha = await mirror.fetchBranch({ ...access, branch: base.branch, signal });
  return (await contains({ mirror, commit: checkpoint, ancestor: sha })) ? undefined : { what: 'base', name: base.branch, sha };
}

/** A host that has lost the run moves nothing: its epoch ref would have to move too. */
function pushFenced({ mirror, handover }: Holding, request: Push & { signal: AbortSignal }): Promise<string> {
  return handover ? handover.alongside(request.sha, (beside) => push(mirror, { ...request, beside })) : push(mirror, request);
}

/** Gives the branch's head. */
async function push(mirror: Mirror, request: Push & { signal: AbortSignal }): Promise<string> {
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

/** The same content on the same commits. Below a merge of the base is one of ours, whose message may differ too. */
async function isSameWork(mirror: Mirror, one: string, other: string, below = 1): Promise<boolean> {
  if (one === other) return true;
  if (below < 0) return false;
  const [trees, parents] = await Promise.all([
    Promise.all([one, other].map(mirror.treeOf)),
    Promise.all([one, other].map(mirror.parentsOf)),
  ]);
  const [ours = [], theirs = []] = parents;
  if (trees[0] !== trees[1] || ours.length !== theirs.length) return false;
  const same = await Promise.all(ours.map((parent, index) => isSameWork(mirror, parent, theirs[index] as string, below - 1)));
  return same.every(Boolean);
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
