import type { WaitingFor } from '../contracts/constants.ts';
import type { Run } from './run.ts';
import { findBy } from './search-attributes.ts';

interface Wait {
  for: WaitingFor;
  /** How long, at most. */
  ms?: number;
  message: string;
}

/** Shows that a run waits, until when and for what. */
export async function beginWaiting(run: Run, { for: waitingFor, ms, message }: Wait): Promise<void> {
  const { view } = run.state;
  delete view.currentStep;
  Object.assign(view, { status: 'waiting', waitingFor, waitingMessage: message });
  if (ms !== undefined) view.waitingUntil = new Date(Date.now() + ms).toISOString();
  findBy({ status: 'waiting' });
  await run.record();
}

export async function endWaiting(run: Run): Promise<void> {
  const { view } = run.state;
  for (const past of ['waitingFor', 'waitingUntil', 'waitingMessage'] as const) delete view[past];
  view.status = 'running';
  findBy({ status: 'running' });
  await run.record();
}
