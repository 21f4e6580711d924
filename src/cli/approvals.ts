import { userInfo } from 'node:os';
import { approveRun, rejectRun } from '../orders/approvals.ts';
import { messageRun, requireMessage } from '../orders/message.ts';
import type { OrderOf } from '../orders/open-run.ts';
import type { Context } from './context.ts';
import { openSession } from './session.ts';
import { EXIT } from './terminal.ts';

export interface ApproveOptions {
  hash?: string;
}

/** `belay approve`: lets a run go on that waits for a person's word. */
export async function approve(context: Context, id: string, { hash }: ApproveOptions): Promise<number> {
  return toRun(context, id, async (order) => {
    const { view, approval } = await approveRun({ ...order, ...(hash ? { hash } : {}), by: userInfo().username });
    return `Approved: ${approval.of === 'plan' ? 'the plan' : 'the work'} ${approval.hash.slice(0, 12)} of run ${view.id}. It goes on.`;
  });
}

/** `belay reject`: sends a plan back to be made anew, or work back to a person. */
export async function reject(context: Context, id: string, { reason }: { reason: string }): Promise<number> {
  requireMessage(reason);
  return toRun(context, id, async (order) => {
    const { view, approval } = await rejectRun({ ...order, reason, by: userInfo().username });
    const next =
      approval.of === 'plan'
        ? 'A new plan is made with this reason.'
        : `It parks: \`belay retry ${view.id} --phase implement\` has it done again.`;
    return `Sent back: ${approval.of === 'plan' ? 'the plan' : 'the work'} of run ${view.id}. ${next}`;
  });
}

/** `belay message`: tells the agent of an open run something. */
export async function message(context: Context, id: string, text: string): Promise<number> {
  requireMessage(text);
  return toRun(context, id, async (order) => {
    await messageRun({ ...order, text });
    return `Run ${order.run.id} has it: the agent is told at its next turn.`;
  });
}

async function toRun(context: Context, id: string, give: (order: OrderOf) => Promise<string>): Promise<number> {
  const { ledger, terminal } = context;
  await using session = await openSession(context);
  terminal.out(await give({ client: session.client, ledger, run: await ledger.getRun(id) }));
  return EXIT.ok;
}
