import { BelayError } from '../contracts/errors.ts';
import type { AgentInput } from '../contracts/work.ts';
import { dollars } from '../texts/words.ts';
import type { Spending } from './spending.ts';
import type { TurnMeter } from './turn-meter.ts';

export interface BudgetWatch {
  /** What the turn may cost; undefined where nothing bounds it. */
  leftUsd?: number;
  /** Aborted, with the reason that the turn fails with, when it has cost more. */
  signal: AbortSignal;
  /** Called whenever the price has changed. */
  look(): void;
}

/** Ends a turn as soon as its engine tells of more than may be spent. Throws engine_budget_exhausted where nothing is left to begin with. */
export function watchBudget({ budgetUsd, engine }: AgentInput, spending: Spending, meter: TurnMeter): BudgetWatch {
  const over = new AbortController();
  const before = spending.total().costUsd;
  if (budgetUsd === undefined) return { signal: over.signal, look: () => {} };
  if (before >= budgetUsd) throw exhausted(engine, before, budgetUsd);
  return {
    leftUsd: budgetUsd - before,
    signal: over.signal,
    look() {
      const spent = before + meter.costUsd();
      if (spent > budgetUsd) over.abort(exhausted(engine, spent, budgetUsd));
    },
  };
}

const exhausted = (engine: string, spent: number, budgetUsd: number): BelayError =>
  new BelayError({
    code: 'engine_budget_exhausted',
    message: `${engine} was ended: this step has cost ${dollars(spent)}, and ${dollars(budgetUsd)} of the run's budget were left for it.`,
    hint: 'What it has done is kept. `belay retry --budget` with a higher amount goes on.',
  });
