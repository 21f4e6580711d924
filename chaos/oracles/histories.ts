import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TemporalServer } from '../stage/temporal.ts';

const execute = promisify(execFile);

/** An event of an exported history: its kind, when it was, and what its payloads say. */
export interface HistoryEvent {
  id: number;
  /** As `ACTIVITY_TASK_SCHEDULED`. */
  type: string;
  at: number;
  /** Its attributes, with payloads in the place of their encoding. */
  attributes: Record<string, unknown>;
}

/** One Temporal execution. */
export interface Execution {
  executionId: string;
  events: HistoryEvent[];
}

interface RawEvent {
  eventId: string;
  eventTime: string;
  eventType: string;
}

/** Exports what Temporal keeps of a workflow with its own command line: the newest execution, and those it went on from. */
export async function exportHistories({ cli, address }: TemporalServer, workflowId: string): Promise<Execution[]> {
  const executions: Execution[] = [];
  for (let runId: string | undefined = ''; runId !== undefined;) {
    const which = ['--workflow-id', workflowId, ...(runId === '' ? [] : ['--run-id', runId])];
    const args = ['workflow', 'show', ...which, '--output', 'json', '--address', address];
    const { stdout } = await execute(cli, args, { maxBuffer: 1 << 28 });
    const { events } = JSON.parse(stdout) as { events: RawEvent[] };
    const read = events.map(eventOf);
    const started = read[0]?.attributes;
    executions.unshift({ executionId: text(started?.['originalExecutionRunId']), events: read });
    const before = text(started?.['continuedExecutionRunId']);
    runId = before === '' ? undefined : before;
  }
  return executions;
}

function eventOf(event: RawEvent): HistoryEvent {
  const named = Object.entries(event).find(([name]) => name.endsWith('EventAttributes'));
  return {
    id: Number(event.eventId),
    type: event.eventType.replace('EVENT_TYPE_', ''),
    at: Date.parse(event.eventTime),
    attributes: decoded(named?.[1] ?? {}) as Record<string, unknown>,
  };
}

/** Payloads are JSON in base64. */
function decoded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== 'object' || value === null) return value;
  const { metadata, data, payloads } = value as { metadata?: { encoding?: string }; data?: string; payloads?: unknown[] };
  if (metadata?.encoding !== undefined && typeof data === 'string') return json(Buffer.from(data, 'base64').toString());
  if (Array.isArray(payloads)) return payloads.map(decoded);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, decoded(each)]));
}

function json(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export interface GrantFact {
  epoch: number;
  /** Of the worker process that holds the lease. */
  boot: string;
  at: number;
}

/** Leases, as the histories say that they were granted. */
export function grantsIn(executions: readonly Execution[]): GrantFact[] {
  return executions.flatMap(({ events }) =>
    events
      .filter(({ type, attributes }) => type === 'WORKFLOW_EXECUTION_SIGNALED' && attributes['signalName'] === 'leaseGranted')
      .map(({ at, attributes }) => {
        const [{ epoch = 0, taskQueue = '' } = {}] = (attributes['input'] ?? []) as { epoch?: number; taskQueue?: string }[];
        return { epoch, boot: taskQueue.split('-').at(-1) ?? '', at };
      }),
  );
}

/** Epochs of the leases that the workflow asked for, granted or not. */
export function askedEpochs(executions: readonly Execution[]): Set<number> {
  const asked = executions
    .flatMap(({ events }) => events)
    .filter(({ type, attributes }) => type === 'ACTIVITY_TASK_SCHEDULED' && nameOf(attributes['activityType']) === 'holdWorkspace');
  return new Set(asked.map(({ attributes }) => (attributes['input'] as { lease: { epoch: number } }[])[0]?.lease.epoch ?? 0));
}

const nameOf = (type: unknown): string => text((type as { name?: unknown } | undefined)?.name);

/** Trees that the histories say were checked and found good. */
export function checkedTrees(executions: readonly Execution[]): Set<string> {
  const trees = new Set<string>();
  const look = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(look);
    if (typeof value !== 'object' || value === null) return;
    const { treeHash, passed } = value as { treeHash?: unknown; passed?: unknown };
    if (typeof treeHash === 'string' && passed === true) trees.add(treeHash);
    Object.values(value).forEach(look);
  };
  for (const { events } of executions)
    for (const { type, attributes } of events) if (type === 'ACTIVITY_TASK_COMPLETED') look(attributes['result']);
  return trees;
}

/** What an execution was started with. */
export function startInput({ events }: Execution): { triggeredBy?: string } {
  const [input] = (events[0]?.attributes['input'] ?? []) as { triggeredBy?: string }[];
  return input ?? {};
}

const CLOSED = /^WORKFLOW_EXECUTION_(COMPLETED|FAILED|CANCELED|TERMINATED|TIMED_OUT)$/;

/** How the newest execution ended, as `COMPLETED`; undefined while it is open. */
export const endOf = (executions: readonly Execution[]): string | undefined =>
  CLOSED.exec(executions.at(-1)?.events.at(-1)?.type ?? '')?.[1];

/** The outcome in the result of the newest execution. */
export function outcomeOf(executions: readonly Execution[]): string | undefined {
  const [result] = (executions.at(-1)?.events.at(-1)?.attributes['result'] ?? []) as { outcome?: string }[];
  return result?.outcome;
}
