import type { ColumnType } from 'kysely';
import type { PhaseName, PhaseStatus, PipelineName, RunStatus } from '../contracts/constants.ts';
import type { ArtifactKind, LogLevel } from '../contracts/records.ts';
import type { RunVersion } from '../contracts/run-state.ts';
import type { ServiceTables } from './service-schema.ts';

/**
 * Tables of the ledger. Types that every database has: texts, numbers, JSON as text, times as ISO-8601 texts (they sort as they
 * are). Recordings come from several processes in any order: what is about a run that is not there yet makes a stub of it, so that
 * its foreign key holds.
 */
export interface LedgerTables extends ServiceTables {
  pipelines: PipelinesTable;
  runs: RunsTable;
  phases: PhasesTable;
  steps: StepsTable;
  sessions: SessionsTable;
  artifacts: ArtifactsTable;
  logs: LogsTable;
  epochs: EpochsTable;
  breakers: BreakersTable;
  versions: VersionsTable;
  effects: EffectsTable;
  hosts: HostsTable;
}

export interface RunsTable {
  id: string;
  /** 1: nothing but details has been recorded yet, and what cannot be null is empty. Nobody is shown such a run. */
  is_stub: number;
  workflow_id: string;
  pipeline: PipelineName | '';
  status: RunStatus;
  waiting_for: string | null;
  outcome: string | null;
  /** Null in a stub only. */
  repository: string | null;
  issue_key: string | null;
  issue_title: string | null;
  branch: string | null;
  engine: string | null;
  cost_usd: number;
  triggered_by: string;
  /** -1 for a reservation. */
  view_version: number;
  created_at: string;
  updated_at: string;
  completed_at: string | null;
  /** The whole run view; null until the run has been recorded for the first time. */
  view: string | null;
  /** The step that is at work: the id of its row. */
  current_step: string | null;
  /** The pipeline, as a row of its table; null in a stub. The database computes it. */
  definition: ColumnType<string | null, never, never>;
}

export interface PipelinesTable {
  name: string;
  kind: 'built-in';
  /** When its first run was created. */
  first_seen: string;
}

export interface PhasesTable {
  run_id: string;
  position: number;
  name: PhaseName;
  /** Counts the phases of this name in the run, from 1. */
  occurrence: number;
  status: PhaseStatus;
  attempts: number;
  started_at: string | null;
  completed_at: string | null;
  duration_ms: number | null;
  cost_usd: number;
  tokens: number;
  summary: string | null;
  error_code: string | null;
}

export interface StepsTable {
  /** `<run id>/<number>`. */
  id: string;
  run_id: string;
  number: number;
  name: string;
  phase: PhaseName;
  status: PhaseStatus;
  attempt: number;
  started_at: string;
  completed_at: string | null;
  duration_ms: number | null;
  summary: string | null;
}

export interface SessionsTable {
  run_id: string;
  step: number;
  session_id: string;
  name: string;
  engine: string;
  model: string | null;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  cost_usd: number;
  duration_ms: number;
  /** 0 or 1: SQLite has no booleans. */
  success: number;
}

export interface ArtifactsTable {
  id: string;
  run_id: string;
  phase: PhaseName | null;
  step: number | null;
  session_id: string | null;
  kind: ArtifactKind;
  name: string;
  media_type: string;
  path: string;
  bytes: number;
  sha256: string;
  created_at: string;
}

export interface LogsTable {
  run_id: string;
  position: number;
  source: string;
  seq: number;
  at: string;
  level: LogLevel;
  phase: PhaseName | null;
  step: number | null;
  message: string;
}

export interface EpochsTable {
  run_id: string;
  epoch: number;
  execution_id: string;
  raised_at: string;
}

export interface BreakersTable {
  /** `engine:claude`, `forge:github`. */
  key: string;
  state: string;
  version: number;
  updated_at: string;
}

export interface VersionsTable {
  run_id: string;
  version: number;
  at: string;
  what: RunVersion['what'];
  phase: PhaseName | null;
  /** The whole of it: what has changed since the version before. */
  data: string;
}

export interface EffectsTable {
  run_id: string;
  name: string;
  target: string;
  intent: string;
  attempts: number;
  intended_at: string;
  receipt: string | null;
  received_at: string | null;
}

export interface HostsTable {
  id: string;
  name: string;
  slots: number;
  held: number;
  /** Ids of the runs there, as JSON. */
  runs: string;
  /** Why one more run would have to wait there. */
  obstacle: string | null;
  /** Bytes. */
  memory_used: number;
  memory_total: number;
  updated_at: string;
}
