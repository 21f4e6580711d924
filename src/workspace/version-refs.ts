import type { Mirror } from '../git/mirror.ts';
import { versionRef } from './run-folders.ts';

interface Versions {
  mirror: Mirror;
  runId: string;
  versions: readonly { version: number; sha: string }[];
}

/** Keeps the commits of versions from git's garbage collection. What another host has made may not be here; it is kept there. */
export async function keepVersions({ mirror, runId, versions }: Versions): Promise<void> {
  for (const { version, sha } of versions) {
    if (await mirror.hasCommit(sha)) await mirror.updateRef({ ref: versionRef(runId, version), sha });
  }
}
