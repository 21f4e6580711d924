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

/** What commits and trees of a mirror hold, read without a worktree and without any program that attributes name. */
export function treeReader(git: MirrorGit) {
  return {
    async readFile({ commit, path }: { commit: string; path: string }): Promise<string | undefined> {
      const listed = await git.run(['--literal-pathspecs', 'ls-tree', '-z', assertSha(commit), '--', path]);
      const [mode, type, blob] = listed.split('\t', 1)[0]?.split(' ') ?? [];
      if (type !== 'blob' || mode === '120000' || blob === undefined) return undefined;
      return git.run(['cat-file', 'blob', blob]);
    },
    async hasPath({ commit, path }: { commit: string; path: string }): Promise<boolean> {
      return (await git.run(['--literal-pathspecs', 'ls-tree', '-z', '--name-only', assertSha(commit), '--', path])) !== '';
    },
    async listFiles({ commit, depth = Number.POSITIVE_INFINITY }: { commit: string; depth?: number }): Promise<string[]> {
      const listed = await git.run(['ls-tree', '-r', '-z', '--name-only', '--full-tree', assertSha(commit)]);
      const paths = split(listed);
      return depth === Number.POSITIVE_INFINITY ? paths : [...new Set(paths.map((path) => shortened(path, depth)))];
    },
    async listBlobs(commit: string): Promise<{ path: string; sha: string }[]> {
      const listed = await git.run(['ls-tree', '-r', '-z', '--full-tree', assertSha(commit)]);
      return split(listed).map((entry) => ({ path: entry.slice(entry.indexOf('\t') + 1), sha: entry.split(/[ \t]/, 3)[2] ?? '' }));
    },
    async treeOf(commit: string): Promise<string> {
      return (await git.run(['rev-parse', '--verify', '--end-of-options', `${assertSha(commit)}^{tree}`])).trim();
    },
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
    async commitTree({ tree, parents, message, date }: CommitTree): Promise<string> {
      const lineage = parents.flatMap((parent) => ['-p', assertSha(parent)]);
      const at = date && `${Math.floor(date.getTime() / 1000)} +0000`;
      const call = at ? { env: { GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at } } : {};
      return (await git.run(['commit-tree', ...lineage, '-m', message, assertSha(tree)], call)).trim();
    },
    async diff({ from, to, maxBytes }: { from: string; to: string; maxBytes: number }): Promise<{ text: string; truncated: boolean }> {
      const args = ['diff', ...DIFF, assertSha(from), assertSha(to), '--'];
      const answer = await git.attempt(args, { maxBytes });
      if (answer.exitCode !== 0 && !answer.truncated) throw gitFailure({ args, cwd: git.gitDir, answer });
      return { text: answer.stdout, truncated: answer.truncated };
    },
    async diffStat({ from, to }: { from: string; to: string }): Promise<string> {
      return (await git.run(['diff', ...DIFF, '--shortstat', assertSha(from), assertSha(to), '--'])).trim();
    },
    async changedFiles({ from, to }: { from: string; to: string }): Promise<string[]> {
      return split(await git.run(['diff', '--no-renames', '--name-only', '-z', assertSha(from), assertSha(to), '--']));
    },
  };
}

const DIFF = ['--no-ext-diff', '--no-textconv', '--no-color', '--find-renames'];

const split = (text: string): string[] => text.split('\0').filter((part) => part !== '');

/** `src/git/mirror.ts` at depth 1 is `src/`. */
function shortened(path: string, depth: number): string {
  const parts = path.split('/');
  return parts.length <= depth ? path : `${parts.slice(0, depth).join('/')}/`;
}
