import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { TestRun } from './belay-run.ts';

const { History, HistoryEvent } = proto.temporal.api.history.v1;
type History = proto.temporal.api.history.v1.IHistory;
/** Plain JSON that reads back as what it was. The SDK's own `historyToJSON` fails where npm installed protobufjs more than once. */
const READABLE = { enums: String, bytes: String, longs: String } as const;

/** The histories of a run's Temporal executions: the first, and those that it went on in. */
export async function historiesOf(client: Client, { workflowId, executionId }: TestRun): Promise<History[]> {
  const histories: History[] = [];
  for (let next: string | null | undefined = executionId; next;) {
    const history: History = await client.workflow.getHandle(workflowId, next).fetchHistory();
    histories.push(history);
    next = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return histories;
}

interface JsonHistory {
  events: { eventType: string }[];
}

const toJson = (history: History): JsonHistory => History.toObject(History.fromObject(history), READABLE) as JsonHistory;

/** A history from its text. */
export const readHistory = (text: string): History => History.fromObject(JSON.parse(text) as Record<string, unknown>);

/** A history as text, one line an event, without the machine's name. What `replace` names is replaced, in payloads too. */
export function historyText(history: History, replace: Readonly<Record<string, string>>): string {
  const plain = (text: string): string => Object.entries(replace).reduce((done, [from, to]) => done.replaceAll(from, to), text);
  const clean = (key: string, value: unknown): unknown => {
    if (typeof value !== 'string') return value;
    if (key === 'stackTrace') return '';
    if (key === 'identity') return value.replace(`@${hostname()}`, '@host');
    return key === 'data' ? Buffer.from(plain(Buffer.from(value, 'base64').toString())).toString('base64') : plain(value);
  };
  const events = toJson(history).events.map((event) => JSON.stringify(event, clean));
  return `{ "events": [\n${events.join(',\n')}\n] }\n`;
}

/** What the payloads of a history say, for a look at what it holds. */
export function payloadsOf(historyJson: string): string[] {
  return [...historyJson.matchAll(/"data":"([^"]*)"/g)].map(([, data]) => Buffer.from(data as string, 'base64').toString());
}

export const eventBytes = (event: proto.temporal.api.history.v1.IHistoryEvent): number => HistoryEvent.encode(event).finish().length;

/** Events and bytes by event type, the biggest first. */
export function sizesOf({ events }: History): { type: string; count: number; bytes: number }[] {
  const byType = Map.groupBy(events ?? [], ({ eventType }) => proto.temporal.api.enums.v1.EventType[eventType ?? 0] ?? 'unknown');
  const sizes = [...byType].map(([type, each]) => ({
    type: type.replace('EVENT_TYPE_', ''),
    count: each.length,
    bytes: each.reduce((sum, event) => sum + eventBytes(event), 0),
  }));
  return sizes.toSorted((one, other) => other.bytes - one.bytes);
}
