import type { Generated } from 'kysely';
import type { Role, RunEventType } from '../contracts/service-records.ts';

/** Tables of the service's part of the ledger. */
export interface ServiceTables {
  repositories: RepositoriesTable;
  deleted_runs: DeletedRunsTable;
  comments: CommentsTable;
  api_tokens: TokensTable;
  deliveries: DeliveriesTable;
  triggers: TriggersTable;
  audit: AuditTable;
  audit_start: AuditStartTable;
  events: EventsTable;
  idempotency_keys: IdempotencyKeysTable;
}

export interface RepositoriesTable {
  /** `owner/name`. */
  slug: string;
  created_at: string;
}

/** Runs that were deleted, so that a late recording does not bring them back. */
export interface DeletedRunsTable {
  run_id: string;
  deleted_at: string;
}

export interface CommentsTable {
  id: Generated<number>;
  run_id: string;
  step: number | null;
  author: string;
  text: string;
  /** JSON. */
  metadata: string | null;
  created_at: string;
}

export interface TokensTable {
  id: string;
  name: string;
  hash: string;
  role: Role;
  /** JSON; null: all. */
  repositories: string | null;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

export interface DeliveriesTable {
  id: string;
  source: 'github';
  event: string;
  action: string | null;
  repository: string | null;
  received_at: string;
  /** Null once it is settled and old. */
  payload: string | null;
  /** When somebody may take it on (again); null once it is settled. */
  due_at: string | null;
  attempts: number;
  error: string | null;
  outcome: string | null;
  detail: string | null;
  settled_at: string | null;
}

export interface TriggersTable {
  repository: string;
  issue_key: string;
  event: string;
  run_id: string | null;
  at: string;
}

export interface AuditTable {
  id: number;
  at: string;
  actor: string;
  role: string;
  source: string;
  address: string | null;
  action: string;
  target: string | null;
  run_id: string | null;
  /** JSON. */
  detail: string | null;
  hash: string;
}

/** The last entry that has been removed for its age: the chain begins after it. One row at most. */
export interface AuditStartTable {
  id: number;
  hash: string;
}

export interface EventsTable {
  id: Generated<number>;
  run_id: string;
  type: RunEventType;
  at: string;
  /** JSON. */
  data: string;
}

export interface IdempotencyKeysTable {
  key: string;
  /** What was asked with it. */
  request: string;
  /** The run that it starts, or that it was answered with. */
  run_id: string | null;
  /** Of the answer; null until there is one. */
  status: number | null;
  begun_at: string;
}
