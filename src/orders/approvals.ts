import { APPROVE_UPDATE, REJECT_UPDATE } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';
import { isUnseen } from './as-of.ts';
import { requireMessage } from './message.ts';
import type { OrderOf } from './open-run.ts';
import { openView, updateRun } from './open-run.ts';

/** What a run asked a person about, and how it stood then. */
export interface Answered {
  view: RunView;
  approval: NonNullable<RunView['approval']>;
}

interface Answering {
  by: string;
  /** ISO-8601: what was asked later than the second of this was not meant. */
  asOf?: string;
}

/** Lets a run go on that waits for a person's word. With a hash, only if it is what the run asks about. Throws wrong_state. */
export async function approveRun({ hash, by, asOf, ...order }: OrderOf & Answering & { hash?: string }): Promise<Answered> {
  const answered = await waiting(order, asOf);
  await answer(order, answered, { name: APPROVE_UPDATE, order: { planHash: hash ?? answered.approval.hash, by } });
  return answered;
}

/** Sends a plan back to be made anew, or work back to a person. Throws wrong_state, and invalid_input for a reason that is too long. */
export async function rejectRun({ reason, by, asOf, ...order }: OrderOf & Answering & { reason: string }): Promise<Answered> {
  requireMessage(reason);
  const answered = await waiting(order, asOf);
  await answer(order, answered, { name: REJECT_UPDATE, order: { reason, by } });
  return answered;
}

async function waiting(order: OrderOf, asOf: string | undefined): Promise<Answered> {
  const view = await openView(order);
  if (view.approval && asOf !== undefined && isUnseen(view.approval.since, asOf)) throw askedSince(view);
  if (view.approval) return { view, approval: view.approval };
  throw new BelayError({
    code: 'wrong_state',
    message: `Run ${view.id} waits for no approval: it is ${view.status}.`,
    hint: `\`belay show ${view.id}\` shows how it stands.`,
  });
}

const askedSince = ({ id }: RunView): BelayError =>
  new BelayError({
    code: 'wrong_state',
    message: `Run ${id} has asked for this approval since then.`,
    hint: 'Look at what it asks now, and say it again.',
  });

async function answer({ client, run }: OrderOf, { view }: Answered, update: { name: string; order: object }): Promise<void> {
  const updateId = `${update.name}-${run.id}-${view.version}`;
  await updateRun({ client, run, ...update, updateId, hint: `\`belay show ${run.id}\` says what it waits for.` });
}
