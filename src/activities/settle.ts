import type { CommandName } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import { plainLine } from '../contracts/text.ts';
import type { AgentInput, AgentOutcome } from '../contracts/work.ts';
import type { Command } from '../prompts/prompt.ts';
import { leftBy } from '../run-files/run-files.ts';
import type { Dependencies } from './dependencies.ts';
import { performEffect } from './effects.ts';
import type { Holding } from './holdings.ts';
import { weakeningBetween } from './inspection.ts';
import type { Journal } from './journal.ts';
import { leaksBetween } from './leaks.ts';
import type { Leak } from './leaks.ts';
import { withoutSecrets } from './prompt-rules.ts';
import { protection } from './protection.ts';

/** Turns that have no business with making tests find less. Implementing an issue may need it, and is reviewed. */
const FIXING: readonly CommandName[] = ['resolve-failed-test', 'resolve-review-issue', 'document'];
const MAX_DIFF_BYTES = 200_000;
const MAX_PATHS = 10;

export interface Settling {
  deps: Dependencies;
  holding: Holding;
  input: AgentInput;
  journal: Journal;
  signal: AbortSignal;
}

type Settled = Pick<AgentOutcome, 'checkpoint' | 'changed' | 'undone' | 'putBack' | 'leaked'>;

/** Says more in the session of the turn that is being settled. */
export type Again = (prompt: string) => Promise<unknown>;

/** Commits what an editing command changed and may have changed; a read-only one leaves nothing behind. */
export async function settle(work: Settling, { permissions }: Command, again?: Again): Promise<Settled> {
  const { holding, input, journal, signal } = work;
  const { worktree, mirror } = holding;
  if (!permissions.includes('edit')) {
    if (!(await worktree.isAt(input.checkpoint, { signal }))) {
      if ((await worktree.treeHash({ signal })) !== (await mirror.treeOf(input.checkpoint)))
        journal.line(`${input.command} may only read, but files had changed: they were put back.`, 'warn');
      await worktree.restore(input.checkpoint);
    }
    return { checkpoint: input.checkpoint, changed: false };
  }
  let putBack = await putProtectedBack(work);
  let committed = await commit(work);
  if (committed.leaks.length > 0 && again) {
    journal.line(`${input.command} is asked to take out what looks like secrets: ${whatOf(committed.leaks).join(', ')}`, 'warn');
    await again(withoutSecrets(whatOf(committed.leaks))).catch(unlessEnded(work));
    putBack = [...new Set([...putBack, ...(await putProtectedBack(work))])];
    committed = await commit(work);
  }
  const leaked = whatOf(committed.leaks);
  const { sha, changed } = leaked.length > 0 ? await commitWithout(work, committed.leaks) : committed;
  const told = {
    ...(putBack.length > 0 ? { putBack: putBack.slice(0, MAX_PATHS).map((path) => plainLine(path, 200)) } : {}),
    ...(leaked.length > 0 ? { leaked } : {}),
  };
  const undone = changed && FIXING.includes(input.command) ? await undoWeakening(work, sha) : [];
  return undone.length > 0 ? { checkpoint: input.checkpoint, changed: false, undone, ...told } : { checkpoint: sha, changed, ...told };
}

interface Committed {
  sha: string;
  changed: boolean;
  /** Where there are any, nothing was committed. */
  leaks: Leak[];
}

async function commit(work: Settling): Promise<Committed> {
  const { deps, holding, input, signal } = work;
  const { lease, number } = input.step;
  const message = `checkpoint: ${input.step.name}\n\nRun ${lease.runId}, step ${number}, lease ${lease.epoch}.\n`;
  const effect = { name: 'checkpoint', runId: lease.runId, on: holding.worktree.path } as const;
  return withoutLeaks(work, (accepts) => performEffect(deps, effect, () => holding.worktree.checkpoint({ message, signal, accepts })));
}

type Committing = (accepts: (tree: string) => Promise<boolean>) => Promise<{ sha: string; changed: boolean }>;

/** Commits, unless the turn has brought secrets into files: what is never committed is never pushed. */
export async function withoutLeaks({ deps, holding, input }: Settling, committing: Committing): Promise<Committed> {
  const { secretsAllowed: allowed = [] } = holding.settings;
  let leaks: Leak[] = [];
  const { sha, changed } = await committing(async (to) => {
    leaks = await leaksBetween(holding.mirror, { from: input.checkpoint, to, allowed, own: deps.ownSecrets() });
    return leaks.length === 0;
  });
  return { sha, changed, leaks };
}

/** What still holds a secret is put back, and the rest is kept. */
async function commitWithout(work: Settling, leaks: readonly Leak[]): Promise<Committed> {
  await putLeaksBack(work, leaks);
  const committed = await commit(work);
  if (committed.leaks.length === 0) return committed;
  // One that cannot even be put back, as by a name that is no text: nothing of the turn is left then.
  const { holding, input, journal } = work;
  await holding.worktree.restore(input.checkpoint);
  journal.line(`${input.command} was undone: what looks like secrets could not be put back`, 'warn');
  return { sha: input.checkpoint, changed: false, leaks: [] };
}

/** The turn that is being settled is paid for: that it could not be asked once more costs it nothing but its secrets. */
const unlessEnded =
  ({ signal, input, journal }: Settling) =>
  (error: unknown): void => {
    if (signal.aborted || (error instanceof BelayError && error.class === 'wait')) throw error;
    journal.line(`${input.command} could not be asked: ${error instanceof Error ? error.message : String(error)}`, 'warn');
  };

export async function putLeaksBack({ holding, input, journal }: Settling, leaks: readonly Leak[]): Promise<void> {
  await holding.worktree.putBack({ commit: input.checkpoint, paths: [...new Set(leaks.map(({ path }) => path))] });
  journal.line(`${input.command} left what looks like secrets in files, which were put back: ${whatOf(leaks).join(', ')}`, 'warn');
}

const whatOf = (leaks: readonly Leak[]): string[] => leaks.slice(0, MAX_PATHS).map(({ what }) => what);

/** What a turn changed under protected paths is put back before anything of it is committed. */
async function putProtectedBack({ holding, input, journal, signal }: Settling): Promise<string[]> {
  const { worktree, mirror } = holding;
  const { protectedPaths } = holding.settings;
  if (protectedPaths.length === 0) return [];
  const isProtected = protection(protectedPaths);
  const tree = await worktree.treeHash({ signal });
  const changed = (await mirror.changedFiles({ from: input.checkpoint, to: tree })).filter(isProtected);
  if (changed.length === 0) return [];
  await worktree.putBack({ commit: input.checkpoint, paths: changed });
  journal.line(`${input.command} changed protected paths, which were put back: ${changed.slice(0, MAX_PATHS).join(', ')}`, 'warn');
  return changed;
}

/** A fix that has the tests find less is none: it goes back to before, and is kept as a diff for whoever wants to see it. */
async function undoWeakening({ deps, holding, input, journal }: Settling, to: string): Promise<string[]> {
  const { mirror, worktree } = holding;
  const from = input.checkpoint;
  const reasons = await weakeningBetween(mirror, { from, to });
  if (reasons.length === 0) return [];
  const { text } = await mirror.diff({ from, to, maxBytes: MAX_DIFF_BYTES });
  const artifact = await deps.files.writeArtifact({ ...leftBy(input.step), kind: 'diff', name: 'undone.diff', text });
  await deps.ledger.recordArtifact(artifact);
  await worktree.restore(from);
  journal.line(
    `${input.command} was undone, because the tests would find less: ${reasons.join('; ')}. It is kept in ${artifact.path}.`,
    'warn',
  );
  return reasons;
}
