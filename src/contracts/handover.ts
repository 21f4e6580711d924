import { z } from 'zod';
import { PHASES } from './constants.ts';
import { ARTIFACT_KINDS } from './records.ts';
import type { SessionRecord, StepRecord } from './records.ts';
import type { RunView } from './run-view.ts';

/** What a run leaves at its remote beside its checkpoint, for the host that takes it over. Whoever may push there can have written it. */

export const LEASE_FILE = 'lease.json';
export const RECORD_FILE = 'record.json';

/** Who holds the run. */
export const handoverLease = z.object({ runId: z.string(), epoch: z.int(), executionId: z.string(), host: z.string() });
export type HandoverLease = z.output<typeof handoverLease>;

const artifact = z.object({
  id: z.string().regex(/^[0-9a-f]{20}$/),
  runId: z.string(),
  phase: z.enum(PHASES).optional(),
  step: z.int().optional(),
  sessionId: z.string().optional(),
  kind: z.enum(ARTIFACT_KINDS),
  name: z.string(),
  mediaType: z.string(),
  path: z.string(),
  bytes: z.int(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.string(),
});

/** The ledger's rows that later phases, and people, ask for. */
export const handoverRecord = z.object({
  artifacts: z.array(artifact),
  steps: z.array(z.custom<StepRecord>(isObject)),
  sessions: z.array(z.custom<SessionRecord>(isObject)),
  /** The runs that this one goes on from. */
  earlier: z.array(z.custom<RunView>(isObject)),
});
export type HandoverRecord = z.output<typeof handoverRecord>;

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
