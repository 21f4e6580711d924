import { ApplicationFailure } from '@temporalio/activity';
import type { Grant, LeaseRef } from '../contracts/lease.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { StepRef } from '../contracts/work.ts';
import type { Mirror } from '../git/mirror.ts';
import type { Worktree } from '../workspace/worktree.ts';

/** A workspace that this host holds for a run. */
export interface Holding {
  lease: LeaseRef;
  repository: RepositoryRef;
  gitUrl: string;
  mirror: Mirror;
  worktree: Worktree;
  ports: Grant['ports'];
  baseSha: string;
  /** Prompts of the repository's own, by name, from its base. */
  overrides: ReadonlyMap<string, string>;
  /** The commit that the worktree is known to be exactly at: nothing has worked in it since. */
  at?: string | undefined;
  /** Ends the lease from here, when the run needs no workspace any more: quicker than the run's own cancel. */
  end(): void;
}

/** The workspaces that this worker process holds now. */
export interface Holdings {
  /** Held until disposed of, which waits for the work that is still going on in it. */
  add(holding: Holding): AsyncDisposable;
  /** Works in a held workspace. Throws the failure `lease_lost` unless exactly this lease is held here. */
  use<T>(step: Pick<StepRef, 'lease' | 'last'>, work: (holding: Holding) => Promise<T>): Promise<T>;
}

export function createHoldings(): Holdings {
  const held = new Map<string, Holding>();
  const working = new Map<Holding, Set<Promise<unknown>>>();
  return {
    add(holding) {
      held.set(holding.lease.runId, holding);
      working.set(holding, new Set());
      return {
        async [Symbol.asyncDispose]() {
          if (held.get(holding.lease.runId) === holding) held.delete(holding.lease.runId);
          await Promise.allSettled(working.get(holding) ?? new Set<Promise<unknown>>());
          working.delete(holding);
        },
      };
    },
    async use({ lease, last }, work) {
      const holding = held.get(lease.runId);
      if (!holding || !isSame(holding.lease, lease)) {
        throw ApplicationFailure.nonRetryable(`Lease ${lease.epoch} of run ${lease.runId} is not held here.`, 'lease_lost');
      }
      const going = work(holding);
      const all = working.get(holding);
      all?.add(going);
      try {
        const result = await going;
        if (last) holding.end();
        return result;
      } finally {
        all?.delete(going);
      }
    },
  };
}

const isSame = (a: LeaseRef, b: LeaseRef): boolean => a.epoch === b.epoch && a.executionId === b.executionId;
