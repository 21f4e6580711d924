import { BelayError } from '../contracts/errors.ts';
import { issueWorkflowId } from '../contracts/repository.ts';
import type { ClaimedDelivery } from '../contracts/service-records.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Handled } from './deliveries.ts';
import { followCommand } from './follow-command.ts';
import type { CommandDependencies } from './follow-command.ts';
import type { Gate } from './gate.ts';
import { intentOf } from './intent.ts';
import type { Intent, Subject } from './intent.ts';
import { startOfIssue } from './start-of-issue.ts';
import type { IssueStartDependencies } from './start-of-issue.ts';

export interface TriggerDependencies extends CommandDependencies, IssueStartDependencies {
  ledger: IssueStartDependencies['ledger'] & CommandDependencies['ledger'] & Pick<Ledger, 'issueRuns'>;
  /** The one that asks for a run. */
  label: string;
  gate: Gate;
  /** The account that Belay works as: what is assigned to it is to be worked on. */
  viewer: () => Promise<number | undefined>;
}

const ignored = (detail: string): Handled => ({ outcome: 'ignored', detail });
const refused = (detail: string): Handled => ({ outcome: 'refused', detail });

/** Does what a stored delivery asks for. May be called again for the same one, after a crash. */
export async function handleDelivery(deps: TriggerDependencies, { event, payload }: ClaimedDelivery): Promise<Handled> {
  const intent = intentOf({ event, payload: JSON.parse(payload) as unknown, label: deps.label });
  switch (intent.kind) {
    case 'ignored':
      return ignored(intent.reason);
    case 'start':
      return startIfAllowed(deps, intent);
    case 'command': {
      const why = await deps.gate(intent);
      return why === undefined ? followCommand(deps, intent) : refused(why);
    }
    case 'closed':
      return withdraw(deps, intent);
    default:
      return intent satisfies never;
  }
}

async function startIfAllowed(deps: TriggerDependencies, intent: Extract<Intent, { kind: 'start' }>): Promise<Handled> {
  const { repository, issueKey, actor, assigneeId } = intent;
  const why = await deps.gate(intent);
  if (why !== undefined) return refused(why);
  if (assigneeId !== undefined && assigneeId !== (await deps.viewer())) return ignored('the issue is assigned to somebody else');
  try {
    return await startOfIssue(deps, { repository, issueKey, triggeredBy: actor.login, source: 'webhook' });
  } catch (error) {
    if (!(error instanceof BelayError) || (error.class !== 'fatal' && error.class !== 'human')) throw error;
    // Closed or gone by now: nobody waits for an answer.
    if (error.code !== 'issue_closed' && error.code !== 'issue_not_found') await tellWhyNot(deps, intent, error);
    return refused(error.message);
  }
}

async function tellWhyNot({ answer }: TriggerDependencies, { repository, issueKey, actor }: Subject, error: BelayError): Promise<void> {
  await answer({ repository, issueKey, to: actor.login, command: 'run', text: `${error.message} ${error.hint}`.trim() });
}

/** A run at work looks at its issue by itself. One that waits for a person would wait in vain. */
async function withdraw({ ledger, gate, orders }: TriggerDependencies, subject: Subject): Promise<Handled> {
  const [run] = await ledger.issueRuns({ workflowId: issueWorkflowId(subject.repository, subject.issueKey) });
  if (run?.status !== 'parked' && !run?.approval) return ignored('no run of the issue waits for a person');
  const why = await gate(subject);
  if (why !== undefined) return refused(why);
  await orders.cancel(run, { reason: `the issue was closed by ${subject.actor.login}`, by: subject.actor.login });
  return { outcome: 'followed', detail: `run ${run.id} is cancelled with its issue` };
}
