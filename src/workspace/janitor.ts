import { lstat, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { WorkspaceKind } from '../contracts/constants.ts';
import { WORKSPACE_KINDS } from '../contracts/constants.ts';
import type { Mirror, Mirrors } from '../git/mirror.ts';
import { whileLocked } from '../git/repository-lock.ts';
import { isCloneOf } from './clone.ts';
import { defaultClaimsFolder, isHeld, listClaims, removeClaim, whileClaimsLocked } from './port-claims.ts';
import type { PortClaim } from './port-claims.ts';
import { pooled } from './pool.ts';
import { discard, removeTree, TRASH_PREFIX } from './remove-tree.ts';
import { isRunId, registrationPath, registrationsFolder, runOfTree, treePath, treesFolder, worktreesLock } from './run-folders.ts';
import type { Worktrees } from './worktree.ts';

/**
 * What a closed run left. `tree`: its worktree or clone. `registration`: a mirror's note of a worktree that is gone. `trash`: half deleted.
 * `pool`: a returned worktree that waits for a next run. `ports`: the claim of a process that is gone.
 */
export type Leftover =
  | { kind: 'tree'; runId: string; path: string; mirror: Mirror }
  | { kind: 'registration'; of: WorkspaceKind; runId: string; path: string; mirror: Mirror }
  | { kind: 'trash'; path: string }
  | { kind: 'pool'; path: string }
  | { kind: 'ports'; runId: string; port: number };

export interface JanitorOptions {
  home: string;
  mirrors: Mirrors;
  /** As in `createPortRegistry`. */
  portsFolder?: string;
}

/**
 * What closed runs left in this home. Only what Belay itself made is named: by its place, its name, and its registration in a mirror.
 * Live runs are asked for after looking, so that one that begins meanwhile is safe.
 */
export async function findLeftovers({
  home,
  mirrors,
  portsFolder = defaultClaimsFolder(),
  liveRunIds,
}: JanitorOptions & { liveRunIds: () => Promise<readonly string[]> }): Promise<Leftover[]> {
  const known = await mirrors.list();
  const found = await Promise.all([
    ...known.flatMap((mirror) => WORKSPACE_KINDS.map((kind) => registeredTrees({ home, mirror, kind }))),
    trash(home),
    pool(home),
    stalePorts({ home, folder: portsFolder }),
  ]);
  const live = new Set(await liveRunIds());
  return found.flat().filter((leftover) => leftover.kind === 'trash' || leftover.kind === 'pool' || !live.has(runOfTree(leftover.runId)));
}

/** Removes what `findLeftovers` named; says what was removed and what could not be. */
export async function removeLeftovers({
  home,
  worktrees,
  portsFolder = defaultClaimsFolder(),
  leftovers,
}: Omit<JanitorOptions, 'mirrors'> & { worktrees: Worktrees; leftovers: readonly Leftover[] }): Promise<{
  removed: Leftover[];
  failed: { leftover: Leftover; reason: string }[];
}> {
  const removed: Leftover[] = [];
  const failed: { leftover: Leftover; reason: string }[] = [];
  // One after another: deleting many files at once only makes the disk slower for the runs that work.
  for (const leftover of leftovers) {
    try {
      await removeOne({ leftover, worktrees, home, folder: portsFolder });
      removed.push(leftover);
    } catch (error) {
      failed.push({ leftover, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { removed, failed };
}

async function removeOne({
  leftover,
  worktrees,
  home,
  folder,
}: {
  leftover: Leftover;
  worktrees: Worktrees;
  home: string;
  folder: string;
}): Promise<void> {
  switch (leftover.kind) {
    case 'tree':
      return worktrees.remove(leftover);
    case 'registration':
      return removeRegistration({ ...leftover, home });
    case 'trash':
      return removeTree(leftover.path);
    case 'pool':
      // Moved first: a run that wants it has it whole, or not at all.
      return removeTree((await discard(leftover.path)) ?? leftover.path);
    case 'ports':
      return whileClaimsLocked({ folder }, async () => {
        // It may have been taken over since.
        const present = await listStale({ home, folder });
        if (present.some(({ port }) => port === leftover.port)) await removeClaim(folder, leftover.port);
      });
  }
}

type Registration = Extract<Leftover, { kind: 'registration' }>;

/** Not `worktrees.remove`: the tree of that name may by now be registered in another mirror. */
async function removeRegistration({ mirror, runId, of: kind, home }: Registration & { home: string }): Promise<void> {
  await whileLocked({ path: worktreesLock(mirror.gitDir) }, async () => {
    const registration = registrationPath({ gitDir: mirror.gitDir, runId, kind });
    if (await pointsBack({ mirror, kind, registration, path: treePath({ home, runId }) })) return;
    await rm(registration, { recursive: true, force: true });
  });
}

async function registeredTrees({ home, mirror, kind }: { home: string; mirror: Mirror; kind: WorkspaceKind }): Promise<Leftover[]> {
  const names = await readdir(registrationsFolder({ gitDir: mirror.gitDir, kind })).catch(() => []);
  const found = names.filter(isRunId).map(async (runId): Promise<Leftover[]> => {
    const registration = registrationPath({ gitDir: mirror.gitDir, runId, kind });
    const path = treePath({ home, runId });
    if (!(await isOfThisHome({ home, registration, runId }))) return [];
    const isThere = await pointsBack({ mirror, kind, registration, path });
    return [isThere ? { kind: 'tree', runId, path, mirror } : { kind: 'registration', of: kind, runId, path, mirror }];
  });
  return (await Promise.all(found)).flat();
}

/** The registration says where its tree is; only trees of this home are ours. */
async function isOfThisHome({ home, registration, runId }: { home: string; registration: string; runId: string }): Promise<boolean> {
  const dotGit = (await readFile(join(registration, 'gitdir'), 'utf8').catch(() => '')).trim();
  const folder = await realpath(treesFolder(home)).catch(() => treesFolder(home));
  return dotGit !== '' && dirname(dotGit) === join(folder, runId);
}

interface PointsBack {
  mirror: Mirror;
  kind: WorkspaceKind;
  registration: string;
  path: string;
}

/** Whether the tree is there, and does not belong to another mirror. One without a `.git` file is ours by its place and name. */
async function pointsBack({ mirror, kind, registration, path }: PointsBack): Promise<boolean> {
  if (!(await lstat(path).catch(() => undefined))?.isDirectory()) return false;
  if (kind === 'clone')
    return (await lstat(join(path, '.git')).catch(() => undefined)) === undefined || (await isCloneOf({ mirror, path }));
  const link = await readFile(join(path, '.git'), 'utf8').catch(() => undefined);
  return link === undefined || link === `gitdir: ${await realpath(registration)}\n`;
}

async function trash(home: string): Promise<Leftover[]> {
  const names = await readdir(treesFolder(home)).catch(() => []);
  return names.filter((name) => name.startsWith(TRASH_PREFIX)).map((name) => ({ kind: 'trash', path: join(treesFolder(home), name) }));
}

async function pool(home: string): Promise<Leftover[]> {
  return (await pooled(home)).map(({ path }) => ({ kind: 'pool', path }));
}

async function stalePorts({ home, folder }: { home: string; folder: string }): Promise<Leftover[]> {
  return (await listStale({ home, folder })).map(({ runId, port }) => ({ kind: 'ports', runId, port }));
}

async function listStale({ home, folder }: { home: string; folder: string }): Promise<PortClaim[]> {
  const ours = (await listClaims(folder)).filter((claim) => claim.home === resolve(home));
  const held = await Promise.all(ours.map(isHeld));
  return ours.filter((_claim, index) => !held[index]);
}
