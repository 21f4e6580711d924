import { userInfo } from 'node:os';
import type { Client } from '@temporalio/client';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { APPROVE_UPDATE, MAX_MESSAGE, MESSAGE_SIGNAL, REJECT_UPDATE } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { Context } from './context.ts';
import { look } from './follow.ts';
import { openSession } from './session.ts';
import { EXIT } from './terminal.ts';

export interface ApproveOptions {
  hash?: string;
}

/** `belay approve`: lets a run go on that waits for a person's word. */
export async function approve(context: Context, id: string, { hash }: ApproveOptions): Promise<number> {
  return toWaiting(context, id, async ({ client, view, approval }) => {
    await update(client, view, APPROVE_UPDATE, { planHash: hash ?? approval.hash, by: userInfo().username });
    context.terminal.out(
      `Approved: ${approval.of === 'plan' ? 'the plan' : 'the work'} ${approval.hash.slice(0, 12)} of run ${view.id}. It goes on.`,
    );
  });
}

/** `belay reject`: sends a plan back to be made anew, or work back to a person. */
export async function reject(context: Context, id: string, { reason }: { reason: string }): Promise<number> {
  requireShort(reason);
  return toWaiting(context, id, async ({ client, view, approval }) => {
    await update(client, view, REJECT_UPDATE, { reason, by: userInfo().username });
    const next =
      approval.of === 'plan'
        ? 'A new plan is made with this reason.'
        : `It parks: \`belay retry ${view.id} --phase implement\` has it done again.`;
    context.terminal.out(`Sent back: ${approval.of === 'plan' ? 'the plan' : 'the work'} of run ${view.id}. ${next}`);
  });
}

/** `belay message`: tells the agent of an open run something. */
export async function message(context: Context, id: string, text: string): Promise<number> {
  requireShort(text);
  await using session = await openSession(context);
  const view = await present(context, session.client, id);
  await session.client.workflow.getHandle(view.workflowId).signal(MESSAGE_SIGNAL, { text });
  context.terminal.out(`Run ${view.id} has it: the agent is told at its next turn.`);
  return EXIT.ok;
}

interface Waiting {
  client: Client;
  view: RunView;
  approval: NonNullable<RunView['approval']>;
}

async function toWaiting(context: Context, id: string, order: (waiting: Waiting) => Promise<void>): Promise<number> {
  await using session = await openSession(context);
  const view = await present(context, session.client, id);
  const { approval } = view;
  if (!approval) throw waitsForNone(view);
  await order({ client: session.client, view, approval });
  return EXIT.ok;
}

async function present({ ledger }: Context, client: Client, id: string): Promise<RunView> {
  const { workflowId, id: runId } = await ledger.getRun(id);
  const seen = await look({ client, ledger, workflowId });
  if (seen?.view.id === runId && !seen.view.completedAt) return seen.view;
  throw new BelayError({
    code: 'invalid_input',
    message: `Run ${runId} is not open.`,
    hint: `\`belay show ${runId}\` shows how it ended.`,
  });
}

/** The same order given again, because its answer was lost, is the same update. */
async function update(client: Client, { workflowId, id, version }: RunView, name: string, order: object): Promise<void> {
  try {
    const handle = client.workflow.getHandle(workflowId);
    await handle.executeUpdate(name, { args: [order], updateId: `${name}-${id}-${version}` });
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    throw new BelayError({
      code: 'invalid_input',
      message: error.cause?.message ?? error.message,
      hint: `\`belay show ${id}\` says what it waits for.`,
    });
  }
}

const waitsForNone = ({ id, status }: RunView): BelayError =>
  new BelayError({
    code: 'invalid_input',
    message: `Run ${id} waits for no approval: it is ${status}.`,
    hint: `\`belay show ${id}\` shows how it stands.`,
  });

function requireShort(text: string): void {
  if (text.trim() !== '' && text.length <= MAX_MESSAGE) return;
  throw new BelayError({
    code: 'invalid_input',
    message: text.trim() === '' ? 'The text is empty.' : `The text has ${text.length} characters; ${MAX_MESSAGE} are the most.`,
    hint: 'Say it in a few sentences; longer texts belong in the issue.',
  });
}
