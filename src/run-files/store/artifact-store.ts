import type { Readable } from 'node:stream';
import { BelayError } from '../../contracts/errors.ts';
import type { ArtifactRecord } from '../../contracts/records.ts';

/** A part of a file: the first and the last byte of it, both counted from 0. */
export interface ByteRange {
  first: number;
  last: number;
}

/** What is put there: the very content that was recorded. */
export type StoredArtifact = Pick<ArtifactRecord, 'runId' | 'id' | 'name' | 'mediaType' | 'bytes' | 'sha256'>;

/**
 * Where hosts have the files of runs in common. What has been put there is never changed: other content has another key.
 * Rejects with `BelayError` artifact_store_unusable where it does not do its part.
 */
export interface ArtifactStore {
  /** For people, without secrets. */
  readonly where: string;
  /** Has to be retried as a whole, and may be repeated. */
  put(artifact: StoredArtifact, content: Readable, signal?: AbortSignal): Promise<void>;
  /** Undefined where it is not there. */
  get(artifact: StoredArtifact, range?: ByteRange): Promise<Readable | undefined>;
  /** Removes everything of a run. */
  removeRun(runId: string, signal?: AbortSignal): Promise<void>;
  /** Writes something, reads it, and removes it. */
  check(): Promise<void>;
}

const RUN = /^[A-Za-z0-9_-]{1,64}$/;
const ID = /^[0-9a-f]{20}$/;
const NAME = /^\w[\w.-]*$/;

/** Of a run everything lies below `<run>/`. Throws invalid_input for what would lie elsewhere: records may come from elsewhere too. */
export function keyOf({ runId, id, sha256, name }: Omit<StoredArtifact, 'bytes' | 'mediaType'>): string {
  if (ID.test(id) && NAME.test(name)) return `${runKey(runId)}/${id}-${sha256.slice(0, 12).replaceAll(/\W/g, '')}-${name}`;
  throw new BelayError({ code: 'invalid_input', message: `'${id}' is no artifact that a store could have.` });
}

export function runKey(runId: string): string {
  if (RUN.test(runId)) return runId;
  throw new BelayError({ code: 'invalid_input', message: `'${runId}' is no run id.` });
}

export function unusableStore(where: string, error: unknown): BelayError {
  if (error instanceof BelayError) return error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}`.replace(/^(?:Error|AggregateError): /, '') : String(error);
  return new BelayError({
    code: 'artifact_store_unusable',
    message: `The store of artifacts at ${where} cannot be used: ${reason}`,
    cause: error,
  });
}

export const PROBE = 'belay-doctor';
