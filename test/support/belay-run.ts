import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Context } from '../../src/cli/context.ts';
import { CANCEL_SIGNAL, COMMANDS, RETRY_SIGNAL, ROLLBACK_UPDATE } from '../../src/contracts/constants.ts';
import type { PhaseName, RunStatus } from '../../src/contracts/constants.ts';
import type { StepRecord } from '../../src/contracts/records.ts';
import type { RunVersion } from '../../src/contracts/run-state.ts';
import type { NotifyInput } from '../../src/contracts/work.ts';
import type { PhaseView, RunView } from '../../src/contracts/run-view.ts';
import type { CallState } from '../../src/engines/scripted-state.ts';
import type { Order } from '../../src/intake/order.ts';
import type { Started } from '../../src/intake/start-run.ts';
import { eventually } from './eventually.ts';

export interface TestRun {
  readonly id: string;
  readonly workflowId: string;
  /** Of its first Temporal execution. */
  readonly executionId: string;
  /** The issue's open run was joined instead. */
  readonly joined: boolean;
  /** What the ledger knows of it. */
  view(): Promise<RunView>;
  until(wanted: RunStatus | ((view: RunView) => boolean)): Promise<RunView>;
  /** Waits until Temporal has closed it. */
  closed(): Promise<RunView>;
  /** Waits until it is parked and all have been told. */
  parked(): Promise<RunView>;
  /** Waits until a step of this name is at work. */
  working(step: string): Promise<void>;
  steps(): Promise<StepRecord[]>;
  /** Names of its steps, in order. */
  stepNames(): Promise<string[]>;
  /** What the agent was asked by this command. */
  prompts(command: string): Promise<string[]>;
  /** The text of its log. */
  log(): Promise<string>;
  /** Wakes it with a phase, if named, and waits until it has woken. */
  retry(phase?: string): Promise<void>;
  /** Brings it back to a version; rejects with the reason where it may not. */
  rollback(version: number): Promise<void>;
  /** How it stood after each phase and order. */
  versions(): Promise<RunVersion[]>;
  cancel(): Promise<void>;
  /** As `temporal workflow cancel` does. */
  cancelOnServer(): Promise<void>;
  /** How Temporal says that its newest execution stands. */
  temporalStatus(): Promise<string>;
  /** Where its workspace is while it has one. */
  readonly worktree: string;
}

interface Source extends Pick<Context, 'ledger' | 'config'> {
  client: Client;
  started: Started;
  order: Order;
  comment: (issue?: string) => Promise<string>;
}

/** What the view says of a phase. */
export function phaseOf({ phases }: RunView, name: PhaseName): PhaseView {
  const found = phases.find((phase) => phase.name === name);
  if (!found) throw new Error(`The run shows no phase ${name}.`);
  return found;
}

export async function testRun({ ledger, config, client, started, order, comment }: Source): Promise<TestRun> {
  const { workflowId, joined } = started;
  const handle = client.workflow.getHandle(workflowId);
  // For the run's end in particular, and not that of a later one of the same issue.
  const { runId: executionId } = await handle.describe();
  const chain = client.workflow.getHandle(workflowId, executionId);
  const id = started.runId ?? (await ledger.listRuns({ limit: 1 }))[0]?.id ?? '';
  const view = (): Promise<RunView> => ledger.getRun(id);
  const until: TestRun['until'] = (wanted) =>
    eventually(async () => {
      const now = await view();
      if (typeof wanted === 'string' ? now.status === wanted : wanted(now)) return now;
      throw new Error(`Run ${id} is ${now.status}: ${JSON.stringify(now.errors)}`);
    });
  const steps = (): Promise<StepRecord[]> => ledger.listSteps(id);
  return {
    id,
    workflowId,
    executionId,
    joined,
    view,
    until,
    steps,
    worktree: join(config.home, 'trees', id),
    async closed() {
      await chain.result().catch(() => {});
      return view();
    },
    async parked() {
      const parked = await until('parked');
      const { code } = parked.errors.at(-1) ?? {};
      const issue = order.input.issue?.key;
      if (issue) await eventually(async () => requireText(await comment(issue), `**${code}**`));
      // A worker that stops meanwhile leaves that to be told a minute later.
      await eventually(async () => requireNotified((await handle.fetchHistory()).events ?? []));
      return parked;
    },
    working: (step) => eventually(async () => requireWork(step, await steps(), join(config.home, 'runs', id))),
    stepNames: async () => (await steps()).map(({ name }) => name),
    prompts: (command) => promptsIn(join(config.home, 'runs', id, 'artifacts'), command),
    log: async () => (await ledger.readLogs({ runId: id })).map(({ message }) => message).join('\n'),
    async retry(phase) {
      const { version } = await view();
      await handle.signal(RETRY_SIGNAL, phase ? { phase } : {});
      await until((now) => now.version > version);
    },
    async rollback(version) {
      const { version: before } = await view();
      await handle.executeUpdate(ROLLBACK_UPDATE, { args: [{ version, by: 'ada' }] }).catch((error: unknown) => {
        throw error instanceof WorkflowUpdateFailedError ? error.cause : error;
      });
      await until((now) => now.version > before);
    },
    versions: () => ledger.listVersions(id),
    cancel: () => handle.signal(CANCEL_SIGNAL, {}),
    cancelOnServer: async () => void (await handle.cancel()),
    temporalStatus: async () => (await handle.describe()).status.name,
  };
}

/** A step is recorded before its agent has started: whoever is stopped by then has not begun its turn, and has no session to resume. */
type HistoryEvents = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>;

/** People are notified last. */
function requireNotified(events: HistoryEvents): void {
  const notices = events.filter(({ activityTaskScheduledEventAttributes: it }) => {
    const [input] = it?.activityType?.name === 'notifyPeople' ? (it.input?.payloads ?? []) : [];
    return input?.data && (JSON.parse(Buffer.from(input.data).toString()) as NotifyInput).event === 'run.parked';
  });
  const completed = events.map(({ activityTaskCompletedEventAttributes: it }) => String(it?.scheduledEventId));
  const last = notices.at(-1);
  if (!last || !completed.includes(String(last.eventId))) throw new Error('Nobody has been notified yet.');
}

async function requireWork(step: string, steps: readonly StepRecord[], runFolder: string): Promise<void> {
  const found = steps.find(({ name, status }) => name === step && status === 'running');
  if (!found) throw new Error(`${step} is not at work.`);
  if (!COMMANDS.some((command) => command === step)) return;
  const noted = await readdir(join(runFolder, 'steps'));
  if (!noted.some((file) => file.startsWith(`${found.number}-`))) throw new Error(`${step} has no session.`);
  const calls = JSON.parse(await readFile(join(runFolder, 'engine', `scripted-${step}.json`), 'utf8')) as CallState;
  if (calls.begun <= calls.completed) throw new Error(`${step} has not begun its turn.`);
}

async function promptsIn(folder: string, command: string): Promise<string[]> {
  // Their names begin with their ids; behind those is the number of the step.
  const behind = (name: string): string => name.slice(name.indexOf('-') + 1);
  const files = (await readdir(folder)).filter((name) => behind(name).replace(/^\d+-/, '') === `${command}.prompt.md`);
  const sorted = files.toSorted((one, other) => behind(one).localeCompare(behind(other)));
  return Promise.all(sorted.map((name) => readFile(join(folder, name), 'utf8')));
}

function requireText(text: string, wanted: string): void {
  if (!text.includes(wanted)) throw new Error(`There is no ${wanted} in: ${text}`);
}
