import type { SessionRecord, StepRecord } from '../contracts/records.ts';
import { totalTokens } from '../contracts/records.ts';
import type { RunView } from '../contracts/run-view.ts';
import { inMillionths } from '../contracts/spending.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { dollars, thousands } from '../texts/words.ts';

/** More runs than this before one are not summed up. */
const MAX_EARLIER = 100;

export interface Spent {
  costUsd: number;
  tokens: number;
}

export interface StepSpending extends StepRecord, Spent {}

/** What the runs spent that a run goes on from, each and together. */
export interface EarlierSpending extends Spent {
  runs: ({ id: string } & Spent)[];
}

const sum = (all: readonly Spent[]): Spent => ({
  costUsd: inMillionths(all.reduce((total, { costUsd }) => total + costUsd, 0)),
  tokens: all.reduce((total, { tokens }) => total + tokens, 0),
});

/** Sessions of a phase or step together. */
export const spentIn = ({ sessions }: { sessions: readonly Spent[] }): Spent => sum(sessions);

export const spentByRun = ({ phases, costUsd }: RunView): Spent => ({ ...sum(phases.map(spentIn)), costUsd });

/** Steps with what their turns used, by the ledger. */
export function stepSpending(steps: readonly StepRecord[], sessions: readonly SessionRecord[]): StepSpending[] {
  return steps.map((step) => {
    const own = sessions.filter((session) => session.step === step.number);
    return { ...step, ...sum(own.map((session) => ({ costUsd: session.costUsd, tokens: totalTokens(session) }))) };
  });
}

export async function earlierSpending({ ledger }: { ledger: Ledger }, { continues }: RunView): Promise<EarlierSpending> {
  const runs: EarlierSpending['runs'] = [];
  for (let id = continues; id !== undefined && runs.length < MAX_EARLIER;) {
    const view = await ledger.getRun(id);
    runs.push({ id, ...spentByRun(view) });
    id = view.continues;
  }
  return { runs, ...sum(runs) };
}

/** `1,234 tokens, $0.05`; nothing where nothing was spent. */
export function spentWords({ costUsd, tokens }: Spent): string | undefined {
  if (tokens === 0 && costUsd === 0) return undefined;
  return [tokens > 0 ? `${thousands(tokens)} tokens` : undefined, dollars(costUsd)].filter(Boolean).join(', ');
}
