import picomatch from 'picomatch';
import type { CommandName } from '../contracts/constants.ts';
import { plainLine } from '../contracts/text.ts';
import type { AgentInput, AgentOutcome } from '../contracts/work.ts';
import type { Command } from '../prompts/prompt.ts';
import { leftBy } from '../run-files/run-files.ts';
import type { Dependencies } from './dependencies.ts';
import { performEffect } from './effects.ts';
import type { Holding } from './holdings.ts';
import { weakeningBetween } from './inspection.ts';
import type { Journal } from './journal.ts';

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

type Settled = Pick<AgentOutcome, 'checkpoint' | 'changed' | 'undone' | 'putBack'>;

/** Commits what an editing command changed and may have changed; a read-only one leaves nothing behind. */
export async function settle(work: Settling, { permissions }: Command): Promise<Settled> {
  const { deps, holding, input, journal, signal } = work;
  const { worktree, mirror } = holding;
  if (!permissions.includes('edit')) {
    if (!(await worktree.isAt(input.checkpoint, { signal }))) {
      if ((await worktree.treeHash({ signal })) !== (await mirror.treeOf(input.checkpoint)))
        journal.line(`${input.command} may only read, but files had changed: they were put back.`, 'warn');
      await worktree.restore(input.checkpoint);
    }
    return { checkpoint: input.checkpoint, changed: false };
  }
  const putBack = await putProtectedBack(work);
  const told = putBack.length > 0 ? { putBack: putBack.slice(0, MAX_PATHS).map((path) => plainLine(path, 200)) } : {};
  const message = `checkpoint: ${input.step.name}\n\nRun ${input.step.lease.runId}, step ${input.step.number}, lease ${input.step.lease.epoch}.\n`;
  const effect = { name: 'checkpoint', runId: input.step.lease.runId, on: worktree.path } as const;
  const { sha, changed } = await performEffect(deps, effect, () => worktree.checkpoint({ message, signal }));
  const undone = changed && FIXING.includes(input.command) ? await undoWeakening(work, sha) : [];
  return undone.length > 0 ? { checkpoint: input.checkpoint, changed: false, undone, ...told } : { checkpoint: sha, changed, ...told };
}

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

/** A pattern covers what it matches and everything below it, names that begin with a dot among them. */
export function protection(patterns: readonly string[]): (path: string) => boolean {
  const matches = picomatch(
    patterns.map((pattern) => pattern.replace(/^\.?\//, '').replace(/\/$/, '')),
    { dot: true },
  );
  return (path) => {
    const parts = path.split('/');
    return parts.some((_, index) => matches(parts.slice(0, index + 1).join('/')));
  };
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
