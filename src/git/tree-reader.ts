import { withoutUndefined } from '../contracts/without-undefined.ts';
import { gitFailure } from './git-failure.ts';
import type { MirrorGit } from './mirror-git.ts';
import { assertSha } from './ref-names.ts';

export interface CommitTree {
  tree: string;
  parents: string[];
  message: string;
  /** Of author and committer; the same input then gives the same commit. By default now. */
  date?: Date;
}

/** A file or link that is new, another one or gone, with git's hashes of what it holds and held. */
export interface ChangedBlob {
  path: string;
  sha?: string;
  before?: string;
}

/** What commits and trees of a mirror hold, read without a worktree and without any program that attributes name. */
export function treeReader(git: MirrorGit) {
  // What a commit holds never changes, and a run asks for the same again and again.
  const listings = keepNewest(MAX_LISTINGS, (commit) => listing(git, commit));
  const texts = keepNewest(MAX_TEXTS, (blob) => git.run(['cat-file', 'blob', blob]));
  const trees = keepNewest(MAX_TREES, async (commit) =>
    (await git.run(['rev-parse', '--verify', '--end-of-options', `${commit}^{tree}`])).trim(),
  );
  const diffs = keepNewest(MAX_DIFFS, (key) => keptDiff(git, key));
  return {
    async readFile({ commit, path }: { commit: string; path: string }): Promise<string | undefined> {
      const { blobs, others } = await listings.ask(assertSha(commit));
      const blob = blobs.get(path);
      return blob === undefined || others.has(path) ? undefined : texts.ask(blob);
    },
    async hasPath({ commit, path }: { commit: string; path: string }): Promise<boolean> {
      // To list everything for the sake of one name would cost more than a process.
      const known = await listings.kept(assertSha(commit));
      if (known) return known.blobs.has(path) || [...known.blobs.keys()].some((each) => each.startsWith(`${path}/`));
      return (await git.run(['--literal-pathspecs', 'ls-tree', '-z', '--name-only', assertSha(commit), '--', path])) !== '';
    },
    async listFiles({ commit, depth = Number.POSITIVE_INFINITY }: { commit: string; depth?: number }): Promise<string[]> {
      const paths = [...(await listings.ask(assertSha(commit))).blobs.keys()];
      return depth === Number.POSITIVE_INFINITY ? paths : [...new Set(paths.map((path) => shortened(path, depth)))];
    },
    async listBlobs(commit: string): Promise<{ path: string; sha: string }[]> {
      return [...(await listings.ask(assertSha(commit))).blobs].map(([path, sha]) => ({ path, sha }));
    },
    treeOf: async (commit: string): Promise<string> => trees.ask(assertSha(commit)),
    async parentsOf(commit: string): Promise<string[]> {
      return (await git.run(['rev-parse', '--end-of-options', `${assertSha(commit)}^@`]))
        .split('\n')
        .filter((line) => /^[0-9a-f]+$/.test(line));
    },
    async commitsSince({ ancestor, commit }: { ancestor: string; commit: string }): Promise<number | undefined> {
      const isAncestor = await git.attempt(['merge-base', '--is-ancestor', assertSha(ancestor), assertSha(commit)]);
      if (isAncestor.exitCode !== 0) return undefined;
      return Number(await git.run(['rev-list', '--count', `${ancestor}..${commit}`]));
    },
    async commitTree(input: CommitTree): Promise<string> {
      const commit = await commitTree(git, input);
      trees.keep(commit, Promise.resolve(input.tree));
      return commit;
    },
    diff: async ({ from, to, maxBytes }: { from: string; to: string; maxBytes: number }): Promise<{ text: string; truncated: boolean }> =>
      diffs.ask(JSON.stringify([assertSha(from), assertSha(to), maxBytes])),
    async diffStat({ from, to }: { from: string; to: string }): Promise<string> {
      return (await git.run(['diff', ...DIFF, '--shortstat', assertSha(from), assertSha(to), '--'])).trim();
    },
    async changedFiles({ from, to }: { from: string; to: string }): Promise<string[]> {
      return split(await git.run(['diff', '--no-renames', '--name-only', '-z', assertSha(from), assertSha(to), '--']));
    },
    changedBlobs: (input: { from: string; to: string }): Promise<ChangedBlob[]> => changedBlobs(git, input),
    readBlob: (input: { sha: string; maxBytes: number }): Promise<string> => readBlob(git, input),
  };
}

async function keptDiff(git: MirrorGit, key: string): Promise<{ text: string; truncated: boolean }> {
  const [from, to, maxBytes] = JSON.parse(key) as [string, string, number];
  const args = ['diff', ...DIFF, from, to, '--'];
  const answer = await git.attempt(args, { maxBytes });
  if (answer.exitCode !== 0 && !answer.truncated) throw gitFailure({ args, cwd: git.gitDir, answer });
  return { text: answer.stdout, truncated: answer.truncated };
}

async function changedBlobs(git: MirrorGit, { from, to }: { from: string; to: string }): Promise<ChangedBlob[]> {
  const fields = split(await git.run(['diff', '--no-renames', '--raw', '--no-abbrev', '-z', assertSha(from), assertSha(to), '--']));
  return fields.flatMap((field, index) => (index % 2 === 0 ? changedBlob(field, fields[index + 1] ?? '') : []));
}

async function readBlob(git: MirrorGit, { sha, maxBytes }: { sha: string; maxBytes: number }): Promise<string> {
  const args = ['cat-file', 'blob', assertSha(sha)];
  const answer = await git.attempt(args, { maxBytes });
  if (answer.exitCode !== 0 && !answer.truncated) throw gitFailure({ args, cwd: git.gitDir, answer });
  return answer.stdout;
}

async function commitTree(git: MirrorGit, { tree, parents, message, date }: CommitTree): Promise<string> {
  const lineage = parents.flatMap((parent) => ['-p', assertSha(parent)]);
  const at = date && `${Math.floor(date.getTime() / 1000)} +0000`;
  const call = at ? { env: { GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at } } : {};
  return (await git.run(['commit-tree', ...lineage, '-m', message, assertSha(tree)], call)).trim();
}

/** Some megabytes each for a big repository. */
const MAX_LISTINGS = 2;
const MAX_TEXTS = 50;
const MAX_TREES = 500;
/** Prompts show at most 200 KB of each. */
const MAX_DIFFS = 20;

interface Listing {
  /** By path, what git calls its content. */
  blobs: Map<string, string>;
  /** What of these is not a file: symbolic links, other repositories. */
  others: Set<string>;
}

async function listing(git: MirrorGit, commit: string): Promise<Listing> {
  const found: Listing = { blobs: new Map(), others: new Set() };
  for (const entry of split(await git.run(['ls-tree', '-r', '-z', '--full-tree', commit]))) {
    const [mode = '', , sha = ''] = entry.split(/[ \t]/, 3);
    const path = entry.slice(entry.indexOf('\t') + 1);
    found.blobs.set(path, sha);
    if (!FILE_MODES.includes(mode)) found.others.add(path);
  }
  return found;
}

/** `:100644 100644 <sha> <sha> M`, as `git diff --raw` says it. */
function changedBlob(field: string, path: string): ChangedBlob[] {
  const [modeBefore = '', modeAfter = '', before, sha] = field.slice(1).split(' ');
  return [
    {
      path,
      ...withoutUndefined({
        sha: BLOB_MODES.includes(modeAfter) ? sha : undefined,
        before: BLOB_MODES.includes(modeBefore) ? before : undefined,
      }),
    },
  ];
}

/** The content of a link is where it leads. */
const BLOB_MODES = ['100644', '100755', '100664', '120000'];

const FILE_MODES = ['100644', '100755', '100664'];

interface Newest<T> {
  ask(key: string): Promise<T>;
  /** The answer, if it is known. */
  kept(key: string): Promise<T> | undefined;
  /** For an answer that is known without asking. */
  keep(key: string, answer: Promise<T>): void;
}

/** Remembers the newest answers; a failure is asked for again. */
function keepNewest<T>(size: number, find: (key: string) => Promise<T>): Newest<T> {
  const answers = new Map<string, Promise<T>>();

  function keep(key: string, answer: Promise<T>): void {
    answers.delete(key);
    answers.set(key, answer);
    answer.catch(() => answers.delete(key));
    for (const oldest of answers.keys()) {
      if (answers.size <= size) break;
      answers.delete(oldest);
    }
  }

  return {
    ask(key) {
      const answer = answers.get(key) ?? find(key);
      keep(key, answer);
      return answer;
    },
    kept: (key) => answers.get(key),
    keep,
  };
}

const DIFF = ['--no-ext-diff', '--no-textconv', '--no-color', '--find-renames'];

const split = (text: string): string[] => text.split('\0').filter((part) => part !== '');

/** `src/git/mirror.ts` at depth 1 is `src/`. */
function shortened(path: string, depth: number): string {
  const parts = path.split('/');
  return parts.length <= depth ? path : `${parts.slice(0, depth).join('/')}/`;
}
