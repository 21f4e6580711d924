import type { PhaseName, PhaseStatus } from './constants.ts';

/** What the ledger keeps beside the run view. Times are ISO-8601 UTC, durations milliseconds. */

/** One recorded piece of work; the number is unique in its run, names may repeat. */
export interface StepRecord {
  runId: string;
  number: number;
  name: string;
  phase: PhaseName;
  status: PhaseStatus;
  attempt: number;
  startedAt: string;
  completedAt?: string;
  durationMs?: number;
  summary?: string;
}

/** What one step used of an agent's session. A session that goes on in a later step has a record in each. */
export interface SessionRecord {
  runId: string;
  step: number;
  /** The CLI's own id: what it resumes by. */
  sessionId: string;
  /** The agent's name, such as `implement`. */
  name: string;
  engine: string;
  model?: string;
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  costUsd: number;
  durationMs: number;
  success: boolean;
}

/** Every token of a session, read from the cache or not: the number that people are shown. */
export function totalTokens(usage: Pick<SessionRecord, 'inputTokens' | 'outputTokens' | 'cacheReadTokens' | 'cacheWriteTokens'>): number {
  return usage.inputTokens + usage.outputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
}

export const ARTIFACT_KINDS = ['plan', 'issue', 'prompt', 'answer', 'transcript', 'test_report', 'diff', 'log', 'other'] as const;
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number];

/** A file that a run left. */
export interface ArtifactRecord {
  /** The same for the same run, kind and name, so that a repeated write is the same artifact. */
  id: string;
  runId: string;
  phase?: PhaseName;
  step?: number;
  /** The agent's session that it came from. */
  sessionId?: string;
  kind: ArtifactKind;
  /** For people: the number of its step before what it is, such as `003-implement.md`. */
  name: string;
  mediaType: string;
  /** Relative to BELAY_HOME, with `/`. */
  path: string;
  bytes: number;
  sha256: string;
  createdAt: string;
}

/** Something that a run did outside of its host. Without a receipt it may or may not have been done. */
export interface EffectRecord {
  runId: string;
  name: string;
  /** What it was done to: a branch, an issue. */
  on: string;
  /** What it was to come to, such as a commit. */
  intent: string;
  /** How often in a row it was begun, until there was a receipt. */
  attempts: number;
  intendedAt: string;
  receipt?: string;
  receivedAt?: string;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One line about a run. Its source (a workflow execution, an activity attempt) numbers its own lines, so a repeated write is known. */
export interface LogEntry {
  runId: string;
  source: string;
  seq: number;
  at: string;
  level: LogLevel;
  phase?: PhaseName;
  step?: number;
  message: string;
}

/** A record that is older says that the host's worker has gone. */
export const HOST_RECORD_FRESH_MS = 60_000;

/** How a worker says that its machine stands. */
export interface HostRecord {
  id: string;
  /** The machine's name. */
  name: string;
  /** ISO-8601 UTC. */
  at: string;
  /** Workspaces that there may be, and that there are. */
  slots: number;
  held: number;
  /** Ids of the runs that have a workspace there, or are having one prepared. */
  runs: string[];
  /** Why one more run would have to wait there, in words. */
  obstacle?: string;
  memory: { usedBytes: number; totalBytes: number };
}
