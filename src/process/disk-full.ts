import { BelayError } from '../contracts/errors.ts';

const HINT = 'Free some disk space; `belay clean` removes what old runs left.';

/** What a file system says that has no room, or no room for this user, in the catalogue's words; undefined for everything else. */
export function diskFull(error: unknown): BelayError | undefined {
  if (!(error instanceof Error && 'code' in error) || (error.code !== 'ENOSPC' && error.code !== 'EDQUOT')) return undefined;
  const file = 'path' in error && typeof error.path === 'string' ? ` for ${error.path}` : '';
  return new BelayError({
    code: 'disk_full',
    message: `There is no room on the disk${file} (${error.message}).`,
    hint: HINT,
    cause: error,
  });
}
