import { existsSync } from 'node:fs';
import pLimit from 'p-limit';
import type { LimitFunction } from 'p-limit';
import type { Grant, LeaseRef } from '../contracts/lease.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { StepRef } from '../contracts/work.ts';
import type { Mirror } from '../git/mirror.ts';
import type { RepositorySettings } from '../repository-settings.ts';
import type { Worktree } from '../workspace/worktree.ts';
import type { Handover } from './handover.ts';
import { createTenures, isSameLease, leaseLost } from './tenures.ts';
import type { Tenures } from './tenures.ts';

/** A workspace that this host holds for a run. */
export interface Holding {
  lease: LeaseRef;
  repository: RepositoryRef;
  mirror: Mirror;
  worktree: Worktree;
  ports: Grant['ports'];
  baseSha: string;
  /** What the repository says about itself on its base. */
  settings: RepositorySettings;
  /** Prompts of the repository's own, by name, from its base. */
  overrides: ReadonlyMap<string, string>;
  /** The commit that the worktree is known to be exactly at: nothing has worked in it since. */
  at?: string | undefined;
  /** Where its checkpoints go to the remote. */
  handover?: Handover | undefined;
  /** Ends the lease from here, when the run needs no workspace any more: quicker than the run's own cancel. */
  end(): void;
}

/** The workspaces that this worker process holds now. */
export interface Holdings extends Tenures {
  /** Held until disposed of, which ends the work that is still going on in it, and waits for that. */
  add(holding: Holding): AsyncDisposable;
  /**
   * Works in a held workspace; the signal that the work is given is also aborted when the lease is over. One work at a time:
   * an attempt that the server has given up may still be ending. Throws the failure `lease_lost` unless exactly this lease is held here.
   */
  use<T>(
    step: Pick<StepRef, 'lease' | 'last'>,
    signal: AbortSignal,
    work: (holding: Holding, signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
}

interface Held {
  holding: Holding;
  over: AbortController;
  /** Works take turns. */
  turn: LimitFunction;
  /** Its folder was made for it. */
  wasThere: boolean;
}

export function createHoldings(): Holdings {
  const byRun = new Map<string, Held>();
  return {
    ...createTenures(),
    add(holding) {
      const { runId } = holding.lease;
      const wasThere = existsSync(holding.worktree.path);
      const held: Held = { holding, over: new AbortController(), turn: pLimit(1), wasThere };
      byRun.set(runId, held);
      return {
        async [Symbol.asyncDispose]() {
          if (byRun.get(runId) === held) byRun.delete(runId);
          held.over.abort(leaseLost(holding.lease));
          await held.turn(async () => {});
        },
      };
    },
    async use({ lease, last }, signal, work) {
      const held = byRun.get(lease.runId);
      if (!held || !isSameLease(held.holding.lease, lease)) throw leaseLost(lease);
      const { holding, over, turn, wasThere } = held;
      const either = AbortSignal.any([signal, over.signal]);
      try {
        const inTurn = async () => {
          either.throwIfAborted();
          const value = await work(holding, either);
          // The workflow relies on what it is told of: another host must find it.
          if (!last) await holding.handover?.keep(either);
          return value;
        };
        const result = await turn(inTurn);
        if (last) holding.end();
        return result;
      } catch (error) {
        // What libraries make of the abort says less.
        if (over.signal.aborted && !signal.aborted) throw leaseLost(lease);
        // Somebody took the workspace away: the next lease builds another one at the last checkpoint.
        if (!signal.aborted && wasThere && !existsSync(holding.worktree.path)) throw leaseLost(lease);
        throw error;
      }
    },
  };
}
