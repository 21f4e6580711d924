import { USUAL_PRIORITY } from '../contracts/constants.ts';
import type { HostRecord } from '../contracts/records.ts';
import { HOST_RECORD_FRESH_MS } from '../contracts/records.ts';
import type { RunView } from '../contracts/run-view.ts';

/** Where a run stands that waits for a workspace. */
export interface QueuePlace {
  /** About: 1 is next. */
  position: number;
  /** How many wait. */
  of: number;
  /** Why it waits, in words. */
  why: string;
}

/** Whether a run has no workspace and wants one now. */
export const isInQueue = ({ status, waitingFor, waitingUntil }: RunView): boolean =>
  status === 'pending' || (status === 'waiting' && waitingFor === 'workspace' && waitingUntil === undefined);

/**
 * The places of all runs that wait, by run id. As Temporal hands them out: priorities strictly, then repositories and persons in
 * turn, then the oldest. About, because turns that have been taken before are not known here.
 */
export function queuePlaces(runs: readonly RunView[], hosts: readonly HostRecord[], now: number): Map<string, QueuePlace> {
  const serving = hosts.filter(({ at }) => now - Date.parse(at) < HOST_RECORD_FRESH_MS);
  // Whose workspace is being prepared says so only when it is ready.
  const placed = new Set(serving.flatMap((host) => host.runs));
  const waiting = runs.filter((run) => isInQueue(run) && !placed.has(run.id));
  const byPriority = Map.groupBy(waiting, priorityOf);
  const inOrder = [...byPriority.keys()]
    .toSorted((one, other) => one - other)
    .flatMap((priority) => inTurns(byPriority.get(priority) ?? []));
  const why = reason(serving);
  return new Map(inOrder.map(({ id }, index) => [id, { position: index + 1, of: inOrder.length, why }]));
}

/** Whether two places are told in the same words, but for numbers that are never the same twice. */
export const isSamePlace = (one: QueuePlace, other: QueuePlace | undefined): boolean =>
  one.position === other?.position && one.of === other.of && withoutMemory(one.why) === withoutMemory(other.why);

const withoutMemory = (words: string): string => words.replaceAll(/\d+\.\d+/g, '');

export const queueWords = ({ position, of, why }: QueuePlace): string =>
  `waits for a workspace, about number ${position} of ${of}: ${why.replace(/\.$/, '')}`;

const priorityOf = ({ requested, labelled }: RunView): number => requested?.priority ?? labelled?.priority ?? USUAL_PRIORITY;

/** One of each repository and person, then the next of each. */
function inTurns(runs: readonly RunView[]): RunView[] {
  const oldestFirst = runs.toSorted((one, other) => one.createdAt.localeCompare(other.createdAt) || one.id.localeCompare(other.id));
  const keys = [...Map.groupBy(oldestFirst, ({ repository, triggeredBy }) => `${repository} ${triggeredBy}`).values()];
  const rounds = Math.max(0, ...keys.map(({ length }) => length));
  return Array.from({ length: rounds }, (_, round) => keys.flatMap((own) => own[round] ?? [])).flat();
}

function reason(serving: readonly HostRecord[]): string {
  if (serving.length === 0) return 'no worker is running here (`belay dev`, or `belay worker`)';
  const free = serving.find(({ obstacle }) => obstacle === undefined);
  if (free) return `${free.name} has room and takes it up`;
  return serving
    .map(({ name, obstacle = '' }) => (serving.length > 1 && !obstacle.startsWith(name) ? `${name}: ${obstacle}` : obstacle))
    .join('; ');
}
