import type { SessionRecord, StepRecord } from '../contracts/records.ts';
import { totalTokens } from '../contracts/records.ts';
import type { RunView } from '../contracts/run-view.ts';
import { inMillionths } from '../contracts/spending.ts';
import type { UntoldSpending } from '../contracts/work.ts';

/**
 * What the ledger knows to be spent and the run does not: its step was cancelled, timed out or was given up with its worker, and gave
 * no answer that could have said so. Only for runs at rest: what a step in progress has spent comes with its end.
 */
export function untoldSpending(view: RunView, steps: readonly StepRecord[], sessions: readonly SessionRecord[]): UntoldSpending[] {
  const phaseOf = new Map(steps.map(({ number, phase }) => [number, phase]));
  return view.phases.flatMap(({ name: phase, sessions: told }) => {
    const recorded = sessions.filter(({ step }) => phaseOf.get(step) === phase);
    const last = recorded.findLast(({ success }) => !success) ?? recorded.at(-1);
    const costUsd = inMillionths(sum(recorded, (each) => each.costUsd) - sum(told, (each) => each.costUsd));
    const tokens = sum(recorded, totalTokens) - sum(told, (each) => each.tokens);
    if (!last || (costUsd <= 0 && tokens <= 0)) return [];
    const session = { name: last.name, engine: last.engine, id: last.sessionId };
    return [{ phase, session: { ...session, costUsd: Math.max(0, costUsd), tokens: Math.max(0, tokens) } }];
  });
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((total, item) => total + of(item), 0);
