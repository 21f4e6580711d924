import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { git } from '../../test/support/git-remote.ts';
import type { StageForge } from '../stage/forge.ts';

const execute = promisify(execFile);

/** A push that the repository took, as its hooks saw it. */
export interface PushFact {
  /** When it came, before its refs were moved. */
  at: number;
  /** By whose login: a start of a worker, or a person. */
  by: string;
  from: string;
  to: string;
  ref: string;
  /** Of an epoch ref that was moved: the epoch of the lease, as the commit says. */
  epoch?: number;
}

export function pushesTo({ pushLog }: StageForge): PushFact[] {
  if (!existsSync(pushLog)) return [];
  const lines = readFileSync(pushLog, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [at, by = '', from = '', to = '', ref = ''] = line.split(' ');
    return { at: Number(at), by, from, to, ref };
  });
}

/** Says of which lease the moves of epoch refs are. For when no push is under way any more. */
export async function withEpochs(pushes: readonly PushFact[], { remote }: StageForge): Promise<PushFact[]> {
  const read = async (push: PushFact): Promise<PushFact> => {
    if (!EPOCH_REF.test(push.ref) || push.to === NOTHING) return push;
    // A push that was broken off after its hooks had seen it has left no commit.
    const epoch = epochIn(await remote.git('log', '-1', '--format=%s', push.to).catch(() => ''));
    return epoch === undefined ? push : { ...push, epoch };
  };
  const known: PushFact[] = [];
  for (const push of pushes) known.push(await read(push));
  return known;
}

const EPOCH_REF = /^refs\/belay\/[^/]+\/epoch$/;
/** As git writes what a ref is moved to when it goes. */
export const NOTHING = '0'.repeat(40);

function epochIn(subject: string): number | undefined {
  const [, epoch] = /^epoch (\d+)$/.exec(subject) ?? [];
  return epoch === undefined ? undefined : Number(epoch);
}

/** Branches by name, with their heads. */
export async function branchesOf({ remote }: StageForge): Promise<Map<string, string>> {
  const listed = await remote.git('for-each-ref', '--format=%(refname:lstrip=2) %(objectname)', 'refs/heads/');
  return new Map(listed.split('\n').map((line) => line.split(' ') as [string, string]));
}

/** What runs keep for other hosts, of these runs. */
export async function belayRefs({ remote }: StageForge, runs: readonly string[]): Promise<string[]> {
  const listed = (await remote.git('for-each-ref', '--format=%(refname)', 'refs/belay/')).split('\n');
  return listed.filter((ref) => runs.some((run) => ref.startsWith(`refs/belay/${run}/`)));
}

/** Every move of a branch that the repository's reflog knows: the name who moved it, and where to. */
export async function reflogOf({ remote }: StageForge, branch: string): Promise<{ by: string; to: string }[]> {
  const listed = await remote.git('reflog', 'show', '--format=%gn %H', `refs/heads/${branch}`).catch(() => '');
  return listed
    .split('\n')
    .filter(Boolean)
    .map((line) => ({ by: line.split(' ')[0] ?? '', to: line.split(' ')[1] ?? '' }));
}

export const treeOfCommit = ({ remote }: StageForge, commit: string): Promise<string> => remote.git('rev-parse', `${commit}^{tree}`);

/** Runs the repository's tests on a branch, in a fresh checkout; gives what they say where they fail. */
export async function testsOn({ remote }: StageForge, { branch, folder }: { branch: string; folder: string }): Promise<string | undefined> {
  const checkout = join(folder, `checkout-${branch.replaceAll('/', '-')}`);
  await git(folder, 'clone', '--quiet', '--depth', '1', '--branch', branch, `file://${remote.path}`, checkout);
  return execute('sh', ['test.sh'], { cwd: checkout }).then(
    () => undefined,
    (error: unknown) => String(error),
  );
}

/** Trees that are registered in Belay's mirrors and were not kept for the next run, and those that are left on disk. */
export async function workspacesIn(home: string): Promise<string[]> {
  const trees = join(home, 'trees');
  const left = existsSync(trees) ? readdirSync(trees).map((name) => join(trees, name)) : [];
  const mirrors = existsSync(join(home, 'mirrors')) ? readdirSync(join(home, 'mirrors'), { recursive: true }).map(String) : [];
  for (const mirror of mirrors.filter((name) => name.endsWith('.git'))) {
    const listed = await git(join(home, 'mirrors', mirror), 'worktree', 'list', '--porcelain').catch(() => '');
    const paths = [...listed.matchAll(/^worktree (.*)$/gm)].map(([, path = '']) => path);
    left.push(...paths.filter((path) => path.startsWith(`${trees}/`) && !left.includes(path)));
  }
  return left;
}
