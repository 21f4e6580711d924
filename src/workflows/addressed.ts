import { ApplicationFailure } from '@temporalio/workflow';
import type { Run } from './run.ts';

/** Orders go to a workflow id, which an issue's next run has too. */
export interface Addressed {
  /** The run that is meant; unset: whichever is open. */
  run?: string | undefined;
}

/** An order for another run, which has ended since, is none for this one. */
export const isMeant = ({ input }: Run, order: Addressed | undefined): boolean => order?.run === undefined || order.run === input.id;

/** The same for who can be told so. */
export function requireMeant(run: Run, order: Addressed | undefined): void {
  if (isMeant(run, order)) return;
  const words = `Run ${String(order?.run).slice(0, 8)} is not open any more: run ${run.input.id} has its place.`;
  throw ApplicationFailure.nonRetryable(words, 'refused');
}
