import { rm } from 'node:fs/promises';
import type { MirrorGit } from './mirror-git.ts';
import { assertSha } from './ref-names.ts';

export interface FileTree {
  /** Names in the tree (without folders), with the paths of the files on this machine. */
  files: ReadonlyMap<string, string>;
  /** A file for the work, which may not be there yet; it is removed. */
  scratch: string;
}

/** Trees of files that no workspace holds. */
export function fileTrees(git: MirrorGit) {
  return {
    /** The tree of these files, written into the mirror. */
    async treeOfFiles({ files, scratch }: FileTree): Promise<string> {
      const names = [...files.keys()];
      const hashes = (await git.run(['hash-object', '-w', '--no-filters', '--', ...files.values()])).trim().split('\n');
      const entries = names.map((name, index) => `100644,${assertSha(hashes[index] ?? '')},${name}`);
      const env = { GIT_INDEX_FILE: scratch };
      await rm(scratch, { force: true });
      try {
        await git.run(['update-index', '--add', ...entries.flatMap((entry) => ['--cacheinfo', entry])], { env });
        return (await git.run(['write-tree'], { env })).trim();
      } finally {
        await rm(scratch, { force: true });
      }
    },
  };
}
