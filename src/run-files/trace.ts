import type { PhaseName, PhaseStatus, RunStatus } from '../contracts/constants.ts';
import { totalTokens } from '../contracts/records.ts';
import type { SessionRecord, StepRecord } from '../contracts/records.ts';
import type { PhaseView, RunView } from '../contracts/run-view.ts';

export interface TraceTotals {
  costUsd: number;
  tokens: number;
  durationMs: number;
}

export interface TracePhase extends TraceTotals {
  name: PhaseName;
  status: PhaseStatus;
  attempts: number;
  startedAt?: string;
  completedAt?: string;
}

export interface TraceSession extends TraceTotals {
  agent: string;
  /** Unknown when the step was not recorded. */
  phase?: PhaseName;
  step: number;
  engine: string;
  model?: string;
  id: string;
  success: boolean;
}

/** Content of `trace.json`: phases, sessions, durations (milliseconds) and cost (USD) of a run. */
export interface Trace {
  runId: string;
  status: RunStatus;
  totals: TraceTotals;
  phases: TracePhase[];
  sessions: TraceSession[];
}

export interface TraceInput {
  view: RunView;
  steps: readonly StepRecord[];
  sessions: readonly SessionRecord[];
}

/** Sums up a run from its view and the ledger's rows. */
export function buildTrace({ view, steps, sessions }: TraceInput): Trace {
  const phaseOfStep = new Map(steps.map(({ number, phase }) => [number, phase]));
  const phases = view.phases.map(tracePhase);
  const traced = sessions.map((session) => traceSession(session, phaseOfStep.get(session.step)));
  return {
    runId: view.id,
    status: view.status,
    totals: {
      costUsd: view.costUsd,
      tokens: sum(traced, ({ tokens }) => tokens),
      durationMs: view.durationMs ?? sum(phases, ({ durationMs }) => durationMs),
    },
    phases,
    sessions: traced,
  };
}

function tracePhase({ name, status, attempts, startedAt, completedAt, durationMs = 0, sessions }: PhaseView): TracePhase {
  return {
    name,
    status,
    attempts,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(completedAt === undefined ? {} : { completedAt }),
    costUsd: sum(sessions, ({ costUsd }) => costUsd),
    tokens: sum(sessions, ({ tokens }) => tokens),
    durationMs,
  };
}

function traceSession(session: SessionRecord, phase: PhaseName | undefined): TraceSession {
  const { name, step, engine, model, sessionId, durationMs, costUsd, success } = session;
  return {
    agent: name,
    ...(phase === undefined ? {} : { phase }),
    step,
    engine,
    ...(model === undefined ? {} : { model }),
    id: sessionId,
    costUsd,
    tokens: totalTokens(session),
    durationMs,
    success,
  };
}

const sum = <T>(items: readonly T[], value: (item: T) => number): number =>
  // Sums of dollars in binary floating point drift; a millionth of a dollar is below any price.
  Math.round(items.reduce((total, item) => total + value(item), 0) * 1e6) / 1e6;
