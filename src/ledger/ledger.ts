import type { RunStatus } from '../contracts/constants.ts';
import type { ArtifactRecord, EffectRecord, HostRecord, LogEntry, SessionRecord, StepRecord } from '../contracts/records.ts';
import type { RunVersion } from '../contracts/run-state.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { ServiceLedger } from './service-ledger.ts';

export interface Reservation {
  /** A function where the run's id is part of it, as for a request without an issue. */
  workflowId: string | ((runId: string) => string);
  pipeline: RunView['pipeline'];
  /** `owner/name`. */
  repository: string;
  issueKey?: string;
  engine?: string;
  triggeredBy: string;
  /** ISO-8601 UTC. */
  createdAt: string;
}

export interface RunFilter {
  status?: RunStatus | readonly RunStatus[];
  repository?: string;
  /** 50 unless told. */
  limit?: number;
  /** The last run of the page before: only older ones are listed. */
  before?: { createdAt: string; id: string };
}

/** A log entry with its place in the run's log. */
export interface StoredLogEntry extends LogEntry {
  /** Rises; the cursor for reading on. */
  position: number;
}

export interface LogQuery {
  runId: string;
  /** The position of the last entry that is known already. */
  after?: number;
  /** 1000 unless told. */
  limit?: number;
}

/** Who may act for a run: the newest lease that was recorded. */
export interface Epoch {
  epoch: number;
  /** The Temporal execution's run id. */
  executionId: string;
}

/** What circuit breakers of all workers have in common. */
export interface BreakerRow {
  /** JSON. */
  state: string;
  /** Rises by one with every change, from 1. */
  version: number;
}

/**
 * The database of what happened. Temporal decides about live runs; this reports. Every recording may be repeated, and those about a
 * run come in any order; what is said of a run that has been deleted is left out.
 * Rejects with `BelayError` ledger_busy, ledger_unusable or disk_full where the database does not do its part.
 */
export interface Ledger extends ServiceLedger, AsyncDisposable {
  /** A new run id (8 characters of Crockford base32, lower case), taken for good by a row with status `pending`. */
  reserveRun(reservation: Reservation): Promise<string>;
  /** Gives up a reservation whose run was never started. A run that has been recorded stays. */
  discardReservation(runId: string): Promise<void>;
  /** Keeps the view with its phases, unless the same or a later version is there. */
  recordRun(view: RunView): Promise<void>;
  /** By id, or by the start of one as with git. Throws invalid_input for an unknown or ambiguous one, naming the candidates. */
  getRun(idOrPrefix: string): Promise<RunView>;
  /** Newest first. */
  listRuns(filter?: RunFilter): Promise<RunView[]>;
  /** The recorded runs of an issue, newest first and not more than 100: what a new one may continue. */
  issueRuns(input: { workflowId: string }): Promise<RunView[]>;

  /** By run and number; an earlier attempt never replaces a later one, nor a running step a completed one. */
  recordStep(step: StepRecord): Promise<void>;
  listSteps(runId: string): Promise<StepRecord[]>;
  /** By run, step and session id. The numbers are the step's totals in that session. */
  recordSession(session: SessionRecord): Promise<void>;
  listSessions(runId: string): Promise<SessionRecord[]>;
  /** By id. */
  recordArtifact(artifact: ArtifactRecord): Promise<void>;
  listArtifacts(runId: string): Promise<ArtifactRecord[]>;
  getArtifact(id: string): Promise<ArtifactRecord | undefined>;

  /** By run and number. */
  recordVersions(runId: string, versions: readonly RunVersion[]): Promise<void>;
  /** The oldest first. */
  listVersions(runId: string): Promise<RunVersion[]>;
  /** What is about to be done, before it is: by run, name and what it is done to. */
  recordIntent(effect: Pick<EffectRecord, 'runId' | 'name' | 'on' | 'intent'> & { at: string }): Promise<void>;
  /** What it came to. */
  recordReceipt(effect: Pick<EffectRecord, 'runId' | 'name' | 'on'> & { receipt: string; at: string }): Promise<void>;
  /** In the order they were begun. */
  listEffects(runId: string): Promise<EffectRecord[]>;

  /** By run, source and seq: entries that are there already are left alone. */
  appendLogs(entries: readonly LogEntry[]): Promise<void>;
  readLogs(query: LogQuery): Promise<StoredLogEntry[]>;

  /** Takes the run over for a lease. False when a later lease, or the same epoch of another execution, is recorded, or the run has been deleted. */
  raiseEpoch(input: { runId: string } & Epoch): Promise<boolean>;
  currentEpoch(runId: string): Promise<Epoch | undefined>;

  /** How a host stands, by its id. */
  recordHost(host: HostRecord): Promise<void>;
  /** Its worker has stopped. */
  forgetHost(id: string): Promise<void>;
  /** Those that serve, and those that went without a word: by their name. */
  listHosts(): Promise<HostRecord[]>;

  readBreaker(key: string): Promise<BreakerRow | undefined>;
  /** False when another has written this version, or a later one. */
  writeBreaker(row: { key: string } & BreakerRow): Promise<boolean>;
}
