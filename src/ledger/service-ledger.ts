import type { RunView } from '../contracts/run-view.ts';
import type { Ledger } from './ledger.ts';
import type {
  AuditEntry,
  AuditRecord,
  AuditVerdict,
  ClaimedDelivery,
  CommentRecord,
  KeyClaim,
  KeyRecord,
  Expired,
  Expiry,
  NewDelivery,
  Page,
  PipelineStatistics,
  RepositoryRecord,
  RunEvent,
  RunPageQuery,
  RunStatistics,
  TokenRecord,
  TriggerRecord,
} from '../contracts/service-records.ts';

export interface EventQuery {
  /** The id of the last event that is known already; 0 for all. */
  after: number;
  runId?: string;
  /** Only of runs of these. */
  repositories?: readonly string[];
  /** 1000 unless told. */
  limit?: number;
}

export interface AuditQuery {
  after?: number;
  before?: number;
  /** The oldest first unless told. */
  descending?: boolean;
  limit: number;
  runId?: string;
}

/** Whoever has taken on a request, by when that was. */
export type KeyHolder = Pick<KeyClaim, 'key' | 'at'>;

export interface EventWatch {
  /** There may be events that have not been read. Never while a call before is still at work. */
  onNews: () => void | Promise<void>;
  /** News cannot be heard for the moment; it is tried again, and `onNews` comes when it can. */
  onProblem: (error: unknown) => void;
}

/** The part of the ledger that a service needs: pages, people's notes, access, webhooks, audit, live events. */
export interface ServiceLedger {
  /**
   * The ledger as somebody may use it who may see these repositories only. On Postgres the database itself sees to it, whatever is asked;
   * on SQLite it is the ledger, and what is asked has to say so. Audit, tokens and keys are Belay's own, and are the same there.
   */
  forRepositories(repositories: readonly string[]): Ledger;

  /** Runs by filter, sorted, with their number as far as it is counted. */
  pageRuns(query: RunPageQuery): Promise<Page<RunView>>;
  /** Of all runs: how many of each kind, what they cost, and how long their phases took. */
  runStatistics(): Promise<RunStatistics>;
  /** Removes a run with all that is recorded of it, for good. Throws invalid_input for an unknown one and for one that is not closed. */
  deleteRun(runId: string): Promise<void>;
  /** The same for all runs of a repository. */
  deleteRepository(slug: string): Promise<string[]>;
  /** Removes runs that nothing has been recorded of since, open ones too, and leaves no trace of them: where a ledger is a copy. */
  forgetRuns(before: string): Promise<number>;
  /** Whether there was such a run, which has been deleted. */
  isDeletedRun(runId: string): Promise<boolean>;
  /** By their name. */
  listRepositories(): Promise<RepositoryRecord[]>;

  /** Throws invalid_input where there is no such run or step. */
  addComment(comment: Omit<CommentRecord, 'id'>): Promise<CommentRecord>;
  /** The oldest first: of the run and its steps, or of one step. */
  listComments(query: { runId: string; step?: number }): Promise<CommentRecord[]>;

  /** Throws invalid_input where a token that is not revoked has this name. */
  createToken(token: Omit<TokenRecord, 'revokedAt' | 'lastUsedAt'>): Promise<void>;
  /** Whether it is revoked or has expired is for the caller to see. */
  findToken(hash: string): Promise<TokenRecord | undefined>;
  /** By their name, revoked ones too. */
  listTokens(): Promise<TokenRecord[]>;
  /** False where no token that is not revoked has this id or name. */
  revokeToken(idOrName: string, at: string): Promise<boolean>;
  /** Notes that it was used. */
  touchToken(id: string, at: string): Promise<void>;

  /** False when a delivery of this id is known already. */
  storeDelivery(delivery: NewDelivery): Promise<boolean>;
  /** Deliveries that wait to be processed, the oldest first: nobody else gets them until the lease has ended. */
  claimDeliveries(claim: { now: string; leaseMs: number; limit: number }): Promise<ClaimedDelivery[]>;
  /** It is done with; the outcome is a word, such as `started` or `ignored`. */
  settleDelivery(settled: { id: string; outcome: string; detail?: string; at: string }): Promise<void>;
  /** It is to be tried again then. Nothing where somebody has taken it on since. */
  failDelivery(failed: Pick<ClaimedDelivery, 'id' | 'attempts'> & { error: string; retryAt: string }): Promise<void>;

  /** False when this event is known already. A run's id may be told later, by the same call. */
  rememberTrigger(trigger: TriggerRecord): Promise<boolean>;
  /** Nothing came of it after all. */
  forgetTrigger(trigger: Pick<TriggerRecord, 'repository' | 'issueKey' | 'event'>): Promise<void>;
  /** The newest of an issue. */
  lastTrigger(issue: Pick<TriggerRecord, 'repository' | 'issueKey'>): Promise<TriggerRecord | undefined>;

  appendAudit(entry: AuditEntry): Promise<AuditRecord>;
  /** The oldest first, or the newest; between those ids, which are not in it. */
  listAudit(query: AuditQuery): Promise<AuditRecord[]>;
  /** Computes every hash anew. */
  verifyAudit(): Promise<AuditVerdict>;

  /** Removes what is too old. The audit's chain then begins after what went. */
  expire(before: Expiry): Promise<Expired>;
  /** Runs that closed before and of which there are files. */
  runsWithFiles(query: { closedBefore: string; limit: number }): Promise<string[]>;
  /** Forgets the files of a run, which are gone. */
  forgetArtifacts(runId: string): Promise<void>;
  /** How the runs ended that were created from then on: by pipeline, the most used first. */
  statistics(since?: { from?: string }): Promise<PipelineStatistics[]>;
  /** How many rows each table has, by its name. */
  countRows(): Promise<Record<string, number>>;

  /** In the order of their ids; none that comes later has a lower one. */
  readEvents(query: EventQuery): Promise<RunEvent[]>;
  /** The id of the newest event; 0 where there is none. */
  latestEvent(): Promise<number>;
  /** Tells when there are events, whichever process recorded them. The first time at once. */
  watchEvents(watch: EventWatch): AsyncDisposable;

  /** Takes on the request that has this key, unless it was answered already, is being answered, or the key is another request's. */
  claimKey(claim: KeyClaim): Promise<KeyRecord>;
  /** The id that the run of this request has, should it have to be started again. False where another has taken the request on since. */
  noteKeyRun(claim: KeyHolder, runId: string): Promise<boolean>;
  /** Nothing where another has taken it on since. */
  settleKey(claim: KeyHolder, answer: { runId: string; status: number }): Promise<void>;
  /** Nothing came of it: the same request may be sent again. Nothing where another has taken it on since. */
  releaseKey(claim: KeyHolder): Promise<void>;
}
