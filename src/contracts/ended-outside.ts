import { elapsedMs } from './elapsed.ts';
import type { RunError, RunView } from './run-view.ts';

/** Later than all that the run has shown itself, of which the view that is known may lack some steps. */
const LATER = 1000;

/** The last view of a run that Temporal closed without its doing, as after a terminate: it could not say so itself. */
export function endedOutside(view: RunView, { as, at }: { as: string; at: Date }): RunView {
  const error: RunError = {
    code: 'run_terminated',
    message: `The run was ended from outside: ${as}.`,
    hint: `\`belay retry ${view.id}\` begins a new run that goes on from what it left.`,
  };
  const completedAt = at.toISOString();
  const ended: RunView = {
    ...view,
    version: view.version + LATER,
    status: 'failed',
    phases: view.phases.map((phase) =>
      phase.status === 'running' || phase.status === 'retrying' ? { ...phase, status: 'failed', completedAt, error } : phase,
    ),
    errors: [...view.errors, error],
    completedAt,
    durationMs: elapsedMs({ from: view.startedAt ?? view.createdAt, to: completedAt }),
  };
  const past = [
    'currentStep',
    'waitingFor',
    'waitingUntil',
    'waitingMessage',
    'approval',
    'parkedSince',
    'parkedUntil',
    'workspace',
  ] as const;
  for (const name of past) delete ended[name];
  return ended;
}
