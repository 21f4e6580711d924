import type { PhaseName, PhaseStatus, PipelineName, RunStatus } from './constants.ts';

/** What the ledger keeps for a team that uses Belay as a service. Times are ISO-8601 UTC. */

/** A page of runs, by number. */
export interface RunPageQuery {
  status?: RunStatus | readonly RunStatus[];
  pipeline?: string;
  /** `owner/name`. */
  repository?: string;
  issueKey?: string;
  triggeredBy?: string;
  /** The first moment of creation that counts, and the first that no longer does. */
  from?: string;
  to?: string;
  /** `createdAt` unless told. */
  sort?: RunSort;
  /** The newest, or dearest, first; true unless told. */
  descending?: boolean;
  /** From 1. */
  page: number;
  limit: number;
  /** Only runs of these: what a token may see. */
  repositories?: readonly string[];
}

export const RUN_SORTS = ['createdAt', 'updatedAt', 'costUsd'] as const;
export type RunSort = (typeof RUN_SORTS)[number];

/** More runs than this are not counted. */
export const COUNTED_RUNS = 10_000;

export interface Page<T> {
  items: T[];
  /** Of all pages; at most `COUNTED_RUNS`. */
  total: number;
  /** False: there are more than `total`. */
  isExact: boolean;
}

/** Sums over all runs. */
export interface RunStatistics {
  runs: { pipeline: PipelineName; status: RunStatus; count: number; costUsd: number }[];
  /** Of phases that have ended. */
  phases: { name: PhaseName; status: PhaseStatus; count: number; durationMs: number }[];
}

/** A repository that has, or had, runs. */
export interface RepositoryRecord {
  /** `owner/name`. */
  slug: string;
  runs: number;
  createdAt: string;
  /** When its newest run was created. */
  lastRunAt?: string;
}

/** A note that somebody left on a run, or on one of its steps. */
export interface CommentRecord {
  id: number;
  runId: string;
  step?: number;
  author: string;
  text: string;
  metadata?: Record<string, unknown>;
  createdAt: string;
}

/** What a token may do: see, steer, administer. Each may do what those before it may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** A token of the API. The token itself is nowhere: only its hash. */
export interface TokenRecord {
  id: string;
  /** Unique among those that are not revoked. */
  name: string;
  hash: string;
  role: Role;
  /** `owner/name` of those it is for; null: all. */
  repositories: string[] | null;
  createdAt: string;
  expiresAt?: string;
  revokedAt?: string;
  lastUsedAt?: string;
}

/** A webhook call as it came in. */
export interface NewDelivery {
  /** The sender's own: the same delivery never counts twice. */
  id: string;
  source: 'github';
  event: string;
  action?: string;
  /** `owner/name`. */
  repository?: string;
  receivedAt: string;
  /** The body as it came. */
  payload: string;
}

/** A delivery that somebody has taken on. */
export interface ClaimedDelivery extends NewDelivery {
  /** How often it has been taken on, this time included. */
  attempts: number;
}

/** An event of an issue that started a run, or is about to. */
export interface TriggerRecord {
  /** `owner/name`. */
  repository: string;
  issueKey: string;
  /** What names the event for good, such as the id of the event by which a label was set. */
  event: string;
  runId?: string;
  at: string;
}

/** Who did what: never changed, chained by hashes. */
export interface AuditEntry {
  at: string;
  actor: string;
  /** What the actor was allowed; `none` where nobody asked. */
  role: string;
  /** The way in: `cli`, `api`, `webhook`, `comment`, `poll`, `worker`. */
  source: string;
  /** Where the call came from. */
  address?: string;
  /** Such as `run.cancel`. */
  action: string;
  /** What it was done to, where that is no run. */
  target?: string;
  runId?: string;
  detail?: Record<string, unknown>;
}

export interface AuditRecord extends AuditEntry {
  /** Rises by one. */
  id: number;
  /** SHA-256, in hex, of the hash before and this entry. */
  hash: string;
}

export interface AuditVerdict {
  /** How many were looked at. */
  entries: number;
  /** The first entry that is not what was written, or that is missing. */
  brokenAt?: number;
  /** The newest entry's hash. Kept elsewhere, it tells later whether the end was cut off. */
  head?: string;
}

export const RUN_EVENTS = [
  'run.started',
  'run.waiting',
  'run.completed',
  'step.updated',
  'comment.added',
  'agent.updated',
  'artifact.created',
] as const;
export type RunEventType = (typeof RUN_EVENTS)[number];

/** Something that has just happened in a run, for those who follow it. */
export interface RunEvent {
  /** Rises; the cursor for reading on. */
  id: number;
  runId: string;
  /** `owner/name`; unknown as long as only details of the run have been recorded. */
  repository?: string;
  type: RunEventType;
  at: string;
  data: Record<string, unknown>;
}

/** A request with a key by which its sender may send it again. */
export interface KeyClaim {
  key: string;
  /** A hash of what is asked. */
  request: string;
  at: string;
}

/** `claimed`: it is the caller's to answer, with the run that somebody had begun for it and left. */
export type KeyRecord =
  | { state: 'claimed'; runId?: string }
  | { state: 'answered'; runId: string; status: number }
  | { state: 'busy' }
  | { state: 'other' };

/** What is to go for its age: what happened before these moments. Unset: nothing. */
export interface Expiry {
  /** Logs of runs that closed before. */
  logs?: string;
  audit?: string;
  /** Events for those who follow runs. */
  events?: string;
  /** The bodies of deliveries that were settled before; that they came stays known. */
  payloads?: string;
}

/** How many of each went. */
export type Expired = Record<keyof Expiry, number>;

/** How the runs of a pipeline ended. */
export interface PipelineStatistics {
  pipeline: string;
  runs: number;
  completed: number;
  /** Failed, or out of time. */
  failed: number;
  cancelled: number;
  /** Not closed. */
  open: number;
  costUsd: number;
}
