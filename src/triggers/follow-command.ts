import type { RunView } from '../contracts/run-view.ts';
import { issueWorkflowId } from '../contracts/repository.ts';
import { BelayError } from '../contracts/errors.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isUnseen } from '../orders/as-of.ts';
import { COMMAND_HELP, standing } from '../texts/comment-answer.ts';
import type { Answer } from './answers.ts';
import type { CommentCommand } from './comment-command.ts';
import type { CommentOrders } from './comment-orders.ts';
import type { Handled } from './deliveries.ts';
import type { Intent, Subject } from './intent.ts';
import type { StartRun } from './start-run.ts';

export interface CommandDependencies {
  ledger: Pick<Ledger, 'issueRuns' | 'appendAudit'>;
  start: StartRun;
  orders: CommentOrders;
  answer: Answer;
}

type Commanded = Extract<Intent, { kind: 'command' }>;

/** Does what a comment says, and answers it. A run that begins answers by itself: it has a comment of its own. */
export async function followCommand(deps: CommandDependencies, intent: Commanded): Promise<Handled> {
  const { command, actor, repository, issueKey, writtenAt } = intent;
  const [run] = await deps.ledger.issueRuns({ workflowId: issueWorkflowId(repository, issueKey) });
  const answer = (text: string): Promise<void> => deps.answer({ repository, issueKey, run, to: actor.login, command: command.name, text });
  try {
    const text = await obey(deps, { command, subject: intent, run, writtenAt });
    if (text !== undefined) await answer(text);
    return { outcome: command.name === 'help' && command.problem ? 'refused' : 'followed', detail: command.name };
  } catch (error) {
    if (!(error instanceof BelayError) || (error.class !== 'fatal' && error.class !== 'human')) throw error;
    await answer(`${error.message} ${error.hint}`.trim());
    return { outcome: 'refused', detail: `${command.name}: ${error.message}` };
  }
}

interface Given {
  command: CommentCommand;
  subject: Subject;
  /** The newest of the issue. */
  run: RunView | undefined;
  /** When the comment was; it may be followed late, and again when its answer failed. */
  writtenAt: string;
}

async function obey(deps: CommandDependencies, { command, subject, run, writtenAt }: Given): Promise<string | undefined> {
  if (command.name === 'help') return [...(command.problem ? [command.problem] : []), COMMAND_HELP].join('\n\n');
  if (command.name === 'run') return isUnseen(run?.createdAt, writtenAt) ? undefined : startOne(deps, command, subject);
  const known = requireRun(run, subject);
  if (command.name === 'status') return standing(known);
  const by = subject.actor.login;
  requireSeen(known, writtenAt);
  const text = await order(deps.orders, { command, run: known, by, asOf: writtenAt });
  await deps.ledger.appendAudit({
    at: new Date().toISOString(),
    actor: by,
    role: 'operator',
    source: 'comment',
    action: `run.${command.name}`,
    runId: known.id,
  });
  return text;
}

type Ordering = Exclude<CommentCommand, { name: 'help' | 'run' | 'status' }>;

async function order(orders: CommentOrders, given: { command: Ordering; run: RunView; by: string; asOf: string }): Promise<string> {
  const { command, run, by, asOf } = given;
  switch (command.name) {
    case 'approve':
      await orders.approve(run, { by, asOf, ...withoutUndefined({ hash: command.hash }) });
      return `Run \`${run.id}\` is approved and goes on.`;
    case 'reject':
      await orders.reject(run, { by, asOf, reason: command.reason });
      return `Run \`${run.id}\` is told: ${command.reason}`;
    case 'cancel':
      await orders.cancel(run, { by, ...withoutUndefined({ reason: command.reason }) });
      return `Run \`${run.id}\` is told to stop.`;
    case 'retry':
      return orders.retry(run, { by, ...withoutUndefined({ phase: command.phase }) });
    default:
      return command satisfies never;
  }
}

type RunCommand = Extract<CommentCommand, { name: 'run' }>;

async function startOne({ start }: CommandDependencies, command: RunCommand, subject: Subject): Promise<string | undefined> {
  const { repository, issueKey, actor } = subject;
  const { pipeline, engine, model } = command;
  const wanted = withoutUndefined({ pipeline, engine, model });
  const { joined } = await start({ repository, issueKey, triggeredBy: actor.login, source: 'comment', ...wanted });
  return joined ? 'A run of this issue is open already.' : undefined;
}

/** Throws wrong_state where the author of the comment cannot have seen the run as it is: what was meant is not done to something else. */
function requireSeen({ id, createdAt, parkedSince }: RunView, writtenAt: string): void {
  if (!isUnseen(createdAt, writtenAt) && !isUnseen(parkedSince, writtenAt)) return;
  throw new BelayError({
    code: 'wrong_state',
    message: `Run \`${id}\` has come to where it is after the comment was written.`,
    hint: 'Say it again if it is still meant.',
  });
}

function requireRun(run: RunView | undefined, { issueKey }: Subject): RunView {
  if (run) return run;
  throw new BelayError({
    code: 'wrong_state',
    message: `Issue #${issueKey} has had no run yet.`,
    hint: '`/belay run` begins one.',
  });
}
