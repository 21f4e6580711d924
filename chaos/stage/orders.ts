import type { Client } from '@temporalio/client';
import type { RunView } from '../../src/contracts/run-view.ts';
import type { Host } from './host.ts';
import { PLACE } from './forge.ts';
import type { StageForge } from './forge.ts';

/** How an order has to end: with its pull request, or in any way that a person is told of. */
export type Expected = 'pull_request' | 'cancelled' | 'any';

/** An order that Belay has accepted. */
export interface Order {
  issue: number;
  runId: string;
  workflowId: string;
  expected: Expected;
  acceptedAt: number;
  /** Why it parked for the faults, as its issue says, before it was told to go on. */
  parked?: string;
}

/** How Temporal says that a run stands. */
export interface Standing {
  /** `RUNNING`, `COMPLETED`, … */
  temporal: string;
  /** The status that the run says of itself in Temporal's lists. */
  belay: string;
  events: number;
}

export const isAtRest = ({ temporal, belay }: Standing): boolean => temporal !== 'RUNNING' || belay === 'parked';

export async function placeOrder({
  forge,
  host,
  expected,
}: {
  forge: StageForge;
  host: Host;
  expected: Expected;
}): Promise<Order | undefined> {
  const { data } = await forge.person.rest.issues.create({ ...PLACE, title: `It is not written down`, body: 'Please write it down.' });
  return takeUp({ forge, host, expected, issue: data.number });
}

/** Undefined where Belay has refused: then there is nothing to lose. */
export async function takeUp({
  forge,
  host,
  expected,
  issue,
}: {
  forge: StageForge;
  host: Host;
  expected: Expected;
  issue: number;
}): Promise<Order | undefined> {
  const env = { GITHUB_TOKEN: forge.front.admit('user') };
  const { exitCode, stdout } = await host.user.start(['run', `${PLACE.owner}/${PLACE.repo}#${issue}`, '--detach', '--json'], { env }).ended;
  if (exitCode !== 0) return undefined;
  const { id, workflowId } = JSON.parse(stdout) as RunView;
  return { issue, runId: id, workflowId, expected, acceptedAt: Date.now() };
}

export async function standingOf(client: Client, { workflowId }: Pick<Order, 'workflowId'>): Promise<Standing> {
  const { status, searchAttributes, historyLength } = await client.workflow.getHandle(workflowId).describe();
  const [belay = ''] = (searchAttributes['BelayStatus'] ?? []) as string[];
  return { temporal: status.name, belay, events: historyLength };
}

/** A server that is down for a while says nothing. */
export async function standingIfKnown(client: Client, order: Order): Promise<Standing | undefined> {
  return standingOf(client, order).catch(() => undefined);
}
