import type { GitAccess } from './access.ts';
import { uploadPack } from './local-remote.ts';
import type { MirrorGit } from './mirror-git.ts';
import { assertRefName } from './ref-names.ts';

export interface RemoteHeads extends GitAccess {
  branches: readonly string[];
  signal?: AbortSignal | undefined;
}

/** Where branches of the remote are now, by their names; those that it does not have are not in the answer. Fetches nothing. */
export async function remoteHeads(git: MirrorGit, { url, branches, signal }: RemoteHeads): Promise<Map<string, string>> {
  const refs = branches.map((branch) => `refs/heads/${assertRefName(branch)}`);
  const listed = await git.run(['ls-remote', ...uploadPack(url), '--', url, ...refs], { signal });
  const shas = new Map(listed.split('\n').map((line) => line.split('\t').toReversed() as [string, string]));
  // A pattern also matches what ends like it.
  return new Map(branches.flatMap((branch) => present(branch, shas.get(`refs/heads/${branch}`))));
}

const present = (branch: string, sha: string | undefined): [string, string][] => (sha === undefined ? [] : [[branch, sha]]);
