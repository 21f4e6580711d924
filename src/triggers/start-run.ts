import type { EngineName, PipelineName } from '../contracts/constants.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { takeOrder } from '../intake/order.ts';
import type { IntakeDependencies } from '../intake/order.ts';
import { startRun } from '../intake/start-run.ts';
import type { StartDependencies, Started } from '../intake/start-run.ts';
import type { UseClient } from './use-client.ts';

export interface TriggeredRun {
  repository: RepositoryRef;
  issueKey: string;
  triggeredBy: string;
  /** The way in, for the audit. */
  source: 'webhook' | 'comment' | 'poll';
  pipeline?: PipelineName;
  engine?: EngineName;
  model?: string;
}

/** Starts a run of an issue, or joins the one that is open. */
export type StartRun = (wanted: TriggeredRun) => Promise<Started>;

export type StartRunDependencies = IntakeDependencies & Omit<StartDependencies, 'client'> & { home: string; useClient: UseClient };

export function createStartRun(deps: StartRunDependencies): StartRun {
  return async ({ repository, issueKey, triggeredBy, source, pipeline, engine, model }) => {
    const order = await takeOrder(deps, {
      target: { kind: 'issue', repository, key: issueKey },
      workingDirectory: deps.home,
      fresh: false,
      triggeredBy,
      requested: withoutUndefined({ engine, model }),
      ...withoutUndefined({ pipeline }),
    });
    const started = await deps.useClient((client) => startRun({ ...deps, client }, order));
    await deps.ledger.appendAudit({
      at: new Date().toISOString(),
      actor: triggeredBy,
      role: 'operator',
      source,
      action: started.joined ? 'run.join' : 'run.start',
      target: started.workflowId,
      ...withoutUndefined({ runId: started.runId }),
    });
    return started;
  };
}
