import type { DropHandoverInput } from '../contracts/work.ts';
import { checkpointRef } from '../workspace/worktree.ts';
import type { Dependencies } from './dependencies.ts';
import { performEffect } from './effects.ts';
import { epochRef } from './handover-record.ts';
import { earlierRuns, knownRun } from './run-view.ts';

type Deps = Pick<Dependencies, 'ledger' | 'forges' | 'mirrors' | 'atEffect'>;

export function handoverActivities(deps: Deps) {
  return {
    /** Removes the refs of a run whose work is published, and those of the runs that it went on from. Retry-safe: what is gone is gone. */
    async dropHandover({ repository, runId }: DropHandoverInput): Promise<void> {
      const view = await knownRun(deps.ledger, runId);
      const earlier = view ? await earlierRuns(deps, view) : [];
      const names = [runId, ...earlier.map(({ id }) => id)].flatMap((id) => [epochRef(id), checkpointRef(id)]);
      await performEffect(deps, { name: 'drop-handover', runId, on: epochRef(runId) }, async () => {
        const mirror = await deps.mirrors.open(repository);
        const access = await deps.forges[repository.forge].gitAccess(repository);
        const present = await mirror.remoteRefs({ ...access, refs: names });
        const moves = [...present].map(([ref, sha]) => ({ ref, sha: null, expected: sha }));
        if (moves.length > 0) await mirror.pushRefs({ ...access, moves });
      });
    },
  };
}
