import type { EngineName } from '../contracts/constants.ts';
import type { RunInput } from '../contracts/run-input.ts';
import type { RunSettings, RunState } from '../contracts/run-state.ts';
import { park } from './failures.ts';

/** What was asked for, else what the repository says, else the installation's. */
export function engineOf({ requested, ...installation }: RunInput, settings: RunSettings): { engine: EngineName; model?: string } {
  const engine = requested?.engine ?? settings.engine ?? installation.engine;
  const model = requested?.model ?? settings.model ?? installation.model;
  return { engine, ...(model ? { model } : {}) };
}

/** What the next turn may cost. Parks the run when nothing is left. */
export function budgetLeft({ requested, budgetUsd }: RunInput, { view, settings }: RunState): { budgetUsd?: number } {
  const budget = requested?.budgetUsd ?? settings?.limits.budgetUsd ?? budgetUsd;
  if (budget === undefined) return {};
  view.budgetUsd = budget;
  const left = budget - view.costUsd;
  if (left > 0) return { budgetUsd: left };
  throw park({
    code: 'engine_budget_exhausted',
    message: `The run has spent $${view.costUsd.toFixed(2)} of its $${budget.toFixed(2)}.`,
    hint: '`belay retry --budget` with a higher amount goes on.',
  });
}
