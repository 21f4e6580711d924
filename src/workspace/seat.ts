import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkspaceKind } from '../contracts/constants.ts';
import { hardenedGit } from '../git/hardened-git.ts';
import type { HardenedGit } from '../git/hardened-git.ts';
import type { Mirror } from '../git/mirror.ts';
import { replaceFile } from '../git/mirror-guard.ts';
import { cloneGit, mendClone } from './clone.ts';
import { INDEX_NAME, publishIndex, tidyRegistration } from './private-index.ts';
import { registrationPath } from './run-folders.ts';

export interface WorkspacePlace {
  mirror: Mirror;
  path: string;
  runId: string;
  kind: WorkspaceKind;
}

/** Where the git of a workspace has what, by its kind. */
export interface Seat {
  kind: WorkspaceKind;
  mirror: Mirror;
  registration: string;
  indexFile: string;
  git: HardenedGit;
  /** Whose HEAD and index agents see. */
  gitDir: string;
  /** Makes that one fit to be written into; a mirror is guarded anyway. */
  mend(): Promise<void>;
}

export function seatOf({ mirror, path, runId, kind }: WorkspacePlace): Seat {
  const registration = registrationPath({ gitDir: mirror.gitDir, runId, kind });
  const indexFile = join(registration, INDEX_NAME);
  const seat = { kind, mirror, registration, indexFile };
  if (kind === 'clone') {
    const git = cloneGit({ mirror, path, indexFile });
    return { ...seat, git, gitDir: join(path, '.git'), mend: () => mendClone({ mirror, path }) };
  }
  const git = hardenedGit({ cwd: path, gitDir: registration, commonDir: mirror.gitDir, workTree: path, indexFile, env: mirror.env });
  return { ...seat, git, gitDir: registration, mend: async () => {} };
}

/** Agents find HEAD on the commit, detached, and a clean status. */
export async function standOn({ registration, gitDir, mend }: Seat, sha: string): Promise<void> {
  await mend();
  // By hand: update-ref wants a HEAD that is sound, and an agent may have left anything there.
  await replaceFile(join(gitDir, 'HEAD'), `${sha}\n`);
  await tidyRegistration(gitDir);
  await publishIndex({ registration, gitDir });
}

/**
 * Tidies a workspace that is gone on with. A machine that stopped while they were written may have left Belay's index or git's in half:
 * they are made anew from the commit, with the files as they are. What has changed since is found by looking at them.
 */
export async function mendIndexes({ git, indexFile, gitDir, registration }: Seat, commit: string, signal?: AbortSignal): Promise<void> {
  const isSound = async (index: string): Promise<boolean> => {
    const { exitCode, truncated } = await git.attempt(['ls-files', '--stage'], { maxBytes: 1, env: { GIT_INDEX_FILE: index }, signal });
    return exitCode === 0 || truncated;
  };
  await tidyRegistration(registration);
  const [ours, agents] = await Promise.all([isSound(indexFile), isSound(join(gitDir, 'index'))]);
  if (!ours) {
    await rm(indexFile, { force: true });
    await git.run(['read-tree', commit], { signal });
  }
  if (!ours || !agents) await publishIndex({ registration, gitDir });
}
