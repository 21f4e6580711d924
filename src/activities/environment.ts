import type { Grant, LeaseRef } from '../contracts/lease.ts';
import type { StepRef } from '../contracts/work.ts';
import type { RepositorySettings } from '../repository-settings.ts';
import { portsEnvironment } from '../workspace/ports.ts';
import type { Dependencies } from './dependencies.ts';

interface Workspace {
  lease: Pick<LeaseRef, 'runId'>;
  ports: Grant['ports'];
  settings: Pick<RepositorySettings, 'start'>;
}

/**
 * What agents, tests and set-up commands of a workspace see; its ports also by the names that the repository's app has for them. By the
 * ids of run and step (a set-up belongs to none) their own logs and hooks are found again in the ledger.
 */
export const environmentOf = (
  { workspaceEnvironment }: Pick<Dependencies, 'workspaceEnvironment'>,
  { lease: { runId }, ports, settings: { start } }: Workspace,
  step?: Pick<StepRef, 'phase' | 'number'>,
): Record<string, string> => ({
  ...workspaceEnvironment,
  BELAY_RUN_ID: runId,
  ...(step ? { BELAY_PHASE: step.phase, BELAY_STEP: String(step.number) } : {}),
  ...portsEnvironment(ports),
  ...Object.fromEntries(Object.entries(start?.ports ?? {}).map(([name, port]) => [name, String(ports[port])])),
});
