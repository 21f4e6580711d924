import { PHASES } from '../src/contracts/constants.ts';
import type { RunView } from '../src/contracts/run-view.ts';

const START = Date.UTC(2026, 0, 1);
const STATUSES = [
  'completed',
  'completed',
  'completed',
  'completed',
  'completed',
  'completed',
  'failed',
  'failed',
  'parked',
  'cancelled',
] as const;
const text = (words: number): string => 'It adds a line to the file, as was asked. '.repeat(words);

/** The run of that number, as long as one that went the whole way. */
export function benchRun(index: number, changes: Partial<RunView> = {}): RunView {
  const at = new Date(START + index * 60_000).toISOString();
  const key = String(index % 5000);
  return {
    id: index.toString(32).padStart(8, '0'),
    workflowId: `github:acme/r${index % 20}#${key}`,
    version: 40,
    pipeline: index % 5 === 0 ? 'plan' : 'sdlc',
    status: STATUSES[Math.floor(index / 20) % 10] ?? 'completed',
    repository: `acme/r${index % 20}`,
    issue: {
      tracker: 'github',
      repository: `acme/r${index % 20}`,
      key,
      title: 'Totals are wrong',
      url: `https://github.com/acme/shop/issues/${key}`,
    },
    engine: 'claude',
    phases: PHASES.map((name) => ({
      name,
      status: 'completed',
      attempts: 1,
      startedAt: at,
      completedAt: at,
      durationMs: 61_000,
      summary: text(3),
      sessions: [{ name, engine: 'claude', id: `session-${name}-${index}`, costUsd: 0.21, tokens: 120_000 }],
    })),
    summary: text(5),
    costUsd: (index * 13) % 1009,
    errors: [],
    triggeredBy: index % 3 === 0 ? 'ada' : 'webhook',
    createdAt: at,
    completedAt: at,
    durationMs: 600_000,
    ...changes,
  };
}
