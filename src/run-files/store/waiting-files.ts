import { DatabaseSync } from 'node:sqlite';
import { BelayError } from '../../contracts/errors.ts';
import type { ArtifactRecord } from '../../contracts/records.ts';

/** What is still to be done at the store: an artifact to put there, or a run to remove from it. */
export type WaitingFile = { seq: number; runId: string } & ({ put: ArtifactRecord } | { remove: true });

/** In its order, and on disk: what a killed process has not done, the next one of this home does. */
export interface WaitingFiles extends Disposable {
  put(artifact: ArtifactRecord): void;
  remove(runId: string): void;
  /** The oldest that come after that one. */
  next(after: number, limit: number): WaitingFile[];
  done(seq: number): void;
}

export function openWaitingFiles(path: string): WaitingFiles {
  const database = new DatabaseSync(path, { timeout: 5000 });
  // A power cut may lose the last moments, as with the ledger itself.
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = normal;
    create table if not exists waiting (seq integer primary key autoincrement, run_id text not null, artifact text);
  `);
  const insert = database.prepare('insert into waiting (run_id, artifact) values (?, ?)');
  const select = database.prepare('select seq, run_id, artifact from waiting where seq > ? order by seq limit ?');
  const remove = database.prepare('delete from waiting where seq = ?');
  const add = (runId: string, artifact: string | null): void => {
    try {
      insert.run(runId, artifact);
    } catch (error) {
      throw isFull(error) ? new BelayError({ code: 'disk_full', message: `There is no room for ${path}.`, cause: error }) : error;
    }
  };
  return {
    put: (artifact) => add(artifact.runId, JSON.stringify(artifact)),
    remove: (runId) => add(runId, null),
    next: (after, limit) =>
      select.all(after, limit).map(({ seq, run_id: runId, artifact }) => ({
        seq: Number(seq),
        runId: String(runId),
        ...(artifact === null ? { remove: true as const } : { put: JSON.parse(String(artifact)) as ArtifactRecord }),
      })),
    done: (seq) => void remove.run(seq),
    [Symbol.dispose]: () => database.close(),
  };
}

const SQLITE_FULL = 13;
const isFull = (error: unknown): boolean => error instanceof Error && 'errcode' in error && error.errcode === SQLITE_FULL;
