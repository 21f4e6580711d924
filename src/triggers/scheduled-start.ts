import type { ScheduledRun } from '../contracts/triggers.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { takeOrder } from '../intake/order.ts';
import { startRun } from '../intake/start-run.ts';
import { parseTarget } from '../intake/target.ts';
import type { StartRunDependencies } from './start-run.ts';

/** Begins the run that a schedule asks for, in the name of who made the schedule. */
export async function startScheduled(
  deps: StartRunDependencies,
  { name, target, repository, pipeline, engine, model, budgetUsd, by }: ScheduledRun,
): Promise<{ workflowId: string; joined: boolean }> {
  const order = await takeOrder(deps, {
    target: await parseTarget(target, { gitHubHost: deps.gitHub.host }),
    workingDirectory: deps.home,
    fresh: false,
    triggeredBy: by,
    requested: withoutUndefined({ engine, model, budgetUsd }),
    ...withoutUndefined({ repository, pipeline }),
  });
  const { workflowId, runId, joined } = await deps.useClient((client) => startRun({ ...deps, client }, order));
  await deps.ledger.appendAudit({
    at: new Date().toISOString(),
    actor: by,
    role: 'operator',
    source: 'schedule',
    action: joined ? 'run.join' : 'run.start',
    target: name,
    ...withoutUndefined({ runId }),
  });
  return { workflowId, joined };
}
