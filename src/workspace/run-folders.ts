import { join, resolve, sep } from 'node:path';
import type { WorkspaceKind } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';

const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export const isRunId = (name: string): boolean => RUN_ID.test(name);

/** Run ids name folders and refs. Throws invalid_input. */
export function assertRunId(runId: string): string {
  if (isRunId(runId)) return runId;
  throw new BelayError({
    code: 'invalid_input',
    message: `${JSON.stringify(runId)} is not the id of a run`,
    hint: 'See the ids of runs with: belay list',
  });
}

const BASE = '-base';

/** Beside a run's own tree, that in which it has its base checked. */
export const baseTreeOf = (runId: string): string => `${runId}${BASE}`;

/** The run that a tree belongs to, by the tree's name. */
export const runOfTree = (name: string): string => (name.endsWith(BASE) ? name.slice(0, -BASE.length) : name);

export const treesFolder = (home: string): string => join(resolve(home), 'trees');

/** Tells by a folder whose workspace it is in: the run's, also where that is the tree of its base. */
export function workspaceFinder(home: string): (folder: string) => string | undefined {
  const trees = `${treesFolder(home)}${sep}`;
  return (folder) => {
    const [name = ''] = folder.startsWith(trees) ? folder.slice(trees.length).split(sep) : [];
    return name === '' ? undefined : runOfTree(name);
  };
}

export const treePath = ({ home, runId }: { home: string; runId: string }): string => join(treesFolder(home), assertRunId(runId));

/** Where a mirror notes its workspaces of a kind. Git looks only at those of linked worktrees. */
export const registrationsFolder = ({ gitDir, kind }: { gitDir: string; kind: WorkspaceKind }): string =>
  join(gitDir, kind === 'clone' ? 'clones' : 'worktrees');

/** What belongs to a workspace but is not in it: Belay's index, and of a linked worktree git's HEAD and index too. */
export const registrationPath = ({ gitDir, runId, kind = 'worktree' }: { gitDir: string; runId: string; kind?: WorkspaceKind }): string =>
  join(registrationsFolder({ gitDir, kind }), assertRunId(runId));

/** The last commit that Belay made of a run's content. */
export const checkpointRef = (runId: string): string => `refs/belay/${assertRunId(runId)}/checkpoint`;

/** A commit of the run that it may go back to, whatever becomes of the checkpoint. */
export const versionRef = (runId: string, version: number): string => `refs/belay/${assertRunId(runId)}/versions/${version}`;

/** Serialises what changes a mirror's list of worktrees. */
export const worktreesLock = (gitDir: string): string => `${gitDir}.worktrees.lock`;
