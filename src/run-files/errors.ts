import { BelayError } from '../contracts/errors.ts';
import type { ArtifactRecord } from '../contracts/records.ts';

/** The one place where the file system's errors become Belay's. What is not known is passed on as it is. */
export function fileError({ path, error }: { path: string; error: unknown }): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') {
    return new BelayError({
      code: 'earlier_work_missing',
      message: `The file ${path} of a run is gone.`,
      hint: 'Start the run anew with --fresh.',
      cause: error,
    });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new BelayError({
      code: 'disk_full',
      message: `There is no room for ${path}.`,
      hint: 'Free some disk space; `belay clean` removes what old runs left.',
      cause: error,
    });
  }
  return error;
}

export function changedFile(path: string): BelayError {
  return new BelayError({
    code: 'earlier_work_missing',
    message: `The file ${path} is not what the run wrote: it has been changed since.`,
    hint: 'Put it back as it was, or start the run anew with --fresh.',
  });
}

export function notStored({ name, runId }: Pick<ArtifactRecord, 'name' | 'runId'>): BelayError {
  return new BelayError({
    code: 'earlier_work_missing',
    message: `The file ${name} of run ${runId} is neither on this host nor in the store (yet).`,
    hint: 'The host that made it puts it there when the store can be reached.',
  });
}
