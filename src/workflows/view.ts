import { workflowInfo } from '@temporalio/workflow';
import type { PhaseName, WaitingFor } from '../contracts/constants.ts';
import { elapsedMs } from '../contracts/elapsed.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { RunInput } from '../contracts/run-input.ts';
import type { RunState } from '../contracts/run-state.ts';
import type { PhaseView, RunView } from '../contracts/run-view.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import type { Trouble } from './failures.ts';

/** The view's entry for a phase, made if the pipeline did not announce it. */
export function phaseView(view: RunView, name: PhaseName): PhaseView {
  const known = view.phases.find((each) => each.name === name);
  if (known) return known;
  const made: PhaseView = { name, status: 'pending', attempts: 0, sessions: [] };
  view.phases.push(made);
  return made;
}

/** A phase begins, or begins again: what it said before is past. */
export function beginPhase(shown: PhaseView): void {
  shown.status = shown.startedAt === undefined ? 'running' : 'retrying';
  shown.attempts++;
  shown.startedAt = new Date().toISOString();
  for (const past of ['completedAt', 'durationMs', 'summary', 'error', 'evidence'] as const) delete shown[past];
}

export function endPhase(shown: PhaseView, status: 'completed' | 'failed' | 'cancelled'): void {
  shown.status = status;
  shown.completedAt = new Date().toISOString();
  if (shown.startedAt) shown.durationMs = elapsedMs({ from: shown.startedAt, to: shown.completedAt });
}

/** The run goes on without the phase: what it was is among the run's errors, and what comes later can read it from the result. */
export function noteUnfinished(view: RunView, shown: PhaseView, trouble: Trouble): { summary: string; trouble: Trouble } {
  view.errors.push({ ...trouble, phase: shown.name, ...(view.currentStep ? { step: view.currentStep } : {}) });
  shown.summary = `not finished: ${trouble.message}`.slice(0, 300);
  return { summary: shown.summary, trouble };
}

/** The run waits for something that ends by itself. */
export function showWait(view: RunView, { kind, until, message }: { kind: WaitingFor; until: number; message: string }): void {
  const waitingUntil = new Date(until).toISOString();
  Object.assign(view, { status: 'waiting', waitingFor: kind, waitingUntil, waitingMessage: message.slice(0, 500) });
}

/** It goes on, or ends; without a workspace yet it is pending. */
export function showWaitOver(view: RunView): void {
  view.status = view.startedAt ? 'running' : 'pending';
  for (const past of ['waitingFor', 'waitingUntil', 'waitingMessage'] as const) delete view[past];
}

/** Who works where no phase has its own agent. */
export function showAgent(view: RunView, { engine, model }: { engine: string; model?: string }): void {
  view.engine = engine;
  if (model) view.model = model;
  else delete view.model;
}

/** The state a run begins with. */
export function firstState(input: RunInput, phases: readonly PhaseName[]): RunState {
  const { issue, continues } = input;
  const repository = repositorySlug(input.repository);
  const plan = input.plan ?? continues?.plan;
  const issueClass = input.issueClass ?? continues?.issueClass;
  const review = continues?.review;
  const view: RunView = {
    id: input.id,
    workflowId: workflowInfo().workflowId,
    version: 0,
    pipeline: input.pipeline,
    status: 'pending',
    repository,
    ...(issue
      ? {
          issue: {
            tracker: issue.tracker,
            repository,
            key: issue.key,
            title: issue.title,
            url: issue.url,
          },
        }
      : {}),
    ...(input.request ? { request: input.request.slice(0, 1e3) } : {}),
    ...(issueClass ? { issueClass } : {}),
    ...(continues?.branch ? { branch: continues.branch } : {}),
    ...(continues?.pullRequest ? { pullRequest: continues.pullRequest } : {}),
    ...(input.base ? { base: input.base } : {}),
    ...(plan ? { plan } : {}),
    ...(review ? { review } : {}),
    engine: input.engine,
    ...(input.model ? { model: input.model } : {}),
    ...(input.requested ? { requested: input.requested } : {}),
    ...(input.labelled ? { labelled: input.labelled } : {}),
    ...(continues ? { continues: continues.runId } : {}),
    phases: phases.map((name) => ({
      name,
      status: 'pending',
      attempts: 0,
      sessions: [],
    })),
    costUsd: 0,
    errors: [],
    triggeredBy: input.triggeredBy,
    createdAt: input.createdAt,
  };
  const results: RunState['results'] = {};
  const { done = [], evidence, merged } = continues ?? {};
  for (const { name, summary, kept } of done) {
    Object.assign(phaseView(view, name), { status: 'completed', summary: `${summary} (run ${continues?.runId})` });
    results[name] = kept ?? { value: { summary } };
  }
  if (evidence && results['test']) phaseView(view, 'test').evidence = evidence;
  return { schema: 1, view, results, ...withoutUndefined({ evidence, merged }), epoch: 0, nextStep: 0, workedMs: 0 };
}
