import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** From answers out of the ledger to orders that wait for Temporal; in seconds, as Prometheus wants them. */
const BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
/** The sums are over all runs: they are not made anew for each who asks. */
const FRESH_MS = 10_000;

export interface Answered {
  method: string;
  path: string;
  status: number;
  durationMs: number;
}

/** What Prometheus scrapes. */
export interface ApiMetrics {
  observe(answered: Answered): void;
  readonly contentType: string;
  text(): Promise<string>;
}

export function createApiMetrics({ ledger }: { ledger: Pick<Ledger, 'runStatistics'> }): ApiMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const answers = new Histogram({
    name: 'belay_api_request_duration_seconds',
    help: 'How long the API took to answer; for what is followed, until its end',
    labelNames: ['method', 'path', 'status'],
    buckets: BUCKETS_S,
    registers,
  });
  const refresh = recordGauges(ledger, registers);
  let fresh = 0;
  return {
    observe: ({ method, path, status, durationMs }) => answers.observe({ method, path, status }, durationMs / 1000),
    contentType: registry.contentType,
    async text() {
      if (performance.now() >= fresh) {
        await refresh();
        fresh = performance.now() + FRESH_MS;
      }
      return registry.metrics();
    },
  };
}

/** Of what the ledger has. */
function recordGauges(ledger: Pick<Ledger, 'runStatistics'>, registers: Registry[]): () => Promise<void> {
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]) => new Gauge({ name, help, labelNames, registers });
  const runs = gauge('belay_runs', 'Runs in the ledger', ['pipeline', 'status']);
  const cost = gauge('belay_runs_cost_usd', 'What the agents of these runs cost', ['pipeline', 'status']);
  const queue = gauge('belay_queue_depth', 'Runs that have no workspace yet, or wait', []);
  const active = gauge('belay_active_runs', 'Runs that are not closed', []);
  const phases = gauge('belay_phases', 'Phases that have ended', ['phase', 'status']);
  const durations = gauge('belay_phase_duration_seconds', 'How long these phases took together', ['phase', 'status']);
  const refreshes = new Counter({ name: 'belay_statistics_total', help: 'How often the sums were made', registers });
  return async () => {
    const statistics = await ledger.runStatistics();
    for (const each of [runs, cost, phases, durations]) each.reset();
    for (const { pipeline, status, count, costUsd } of statistics.runs) {
      runs.set({ pipeline, status }, count);
      cost.set({ pipeline, status }, costUsd);
    }
    for (const { name: phase, status, count, durationMs } of statistics.phases) {
      phases.set({ phase, status }, count);
      durations.set({ phase, status }, durationMs / 1000);
    }
    const counted = (wanted: (status: string) => boolean): number =>
      statistics.runs.filter(({ status }) => wanted(status)).reduce((sum, { count }) => sum + count, 0);
    queue.set(counted((status) => status === 'pending' || status === 'waiting'));
    active.set(counted((status) => !CLOSED_STATUSES.some((each) => each === status)));
    refreshes.inc();
  };
}
