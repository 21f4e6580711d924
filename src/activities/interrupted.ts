import type { ErrorCode } from '../contracts/errors.ts';
import { BelayError } from '../contracts/errors.ts';
import type { AgentInput, FailureDetails } from '../contracts/work.ts';
import type { Command } from '../prompts/prompt.ts';
import type { Holding } from './holdings.ts';
import { unwritten } from './journal.ts';
import type { Settling } from './settle.ts';
import { putLeaksBack, settle, withoutLeaks } from './settle.ts';

type Left = Pick<FailureDetails, 'checkpoint' | 'interim'>;

/** After these the same step goes on, once it has waited. */
const isWaiting = (error: unknown): boolean => error instanceof BelayError && error.class === 'wait';
/** After these a person decides, and what was paid for is kept. */
const PAID: readonly ErrorCode[] = ['engine_budget_exhausted', 'workspace_memory_exceeded'];

/** Keeps what a turn has changed that was ended before its answer: a wait gives the workspace back. */
export async function keepInterrupted(work: Settling, command: Command | undefined, error: unknown): Promise<Left> {
  if (!command?.permissions.includes('edit') || work.signal.aborted) return {};
  try {
    if (isWaiting(error)) return await keepInterim(work);
    if (error instanceof BelayError && PAID.includes(error.code)) {
      const { checkpoint, changed } = await settle(work, command);
      return changed ? { checkpoint } : {};
    }
  } catch (failure) {
    unwritten('What an interrupted turn has changed')(failure);
  }
  return {};
}

/** Beside the checkpoints: the step is not over, and its changes are told from its beginning on. */
async function keepInterim(work: Settling, mayHaveLeaks = true): Promise<Left> {
  const {
    holding: { worktree },
    input,
    signal,
  } = work;
  const message = `interim: ${input.step.name}\n`;
  const { sha, changed, leaks } = await withoutLeaks(work, (accepts) => worktree.checkpoint({ message, signal, accepts }));
  if (leaks.length > 0 && !mayHaveLeaks) return {};
  if (leaks.length > 0) {
    await putLeaksBack(work, leaks);
    return keepInterim(work, false);
  }
  await worktree.startFrom(input.checkpoint);
  if (changed) return { interim: sha };
  // What an earlier turn had done is undone.
  return input.interim ? { interim: input.checkpoint } : {};
}

/** Brings it into a workspace that was prepared anew; one that was kept has it, and maybe more. */
export async function bringInterrupted({ worktree, mirror }: Holding, { interim, checkpoint }: AgentInput): Promise<void> {
  if (!interim || !(await mirror.hasCommit(interim)) || !(await worktree.isAt(checkpoint))) return;
  await worktree.restore(interim);
  await worktree.startFrom(checkpoint);
}
