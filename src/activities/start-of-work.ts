import { BelayError } from '../contracts/errors.ts';
import type { HoldInput } from '../contracts/work.ts';
import type { GitAccess } from '../git/access.ts';
import type { FetchCommit } from '../git/fetch.ts';
import type { Mirror } from '../git/mirror.ts';
import type { Dependencies } from './dependencies.ts';
import { recallRun } from './handover-record.ts';
import { isArtifactHere } from './prompt-values.ts';

interface Start {
  deps: Pick<Dependencies, 'ledger' | 'files'>;
  mirror: Mirror;
  access: GitAccess & Pick<FetchCommit, 'onProgress'>;
  input: Pick<HoldInput, 'checkpoint' | 'continues'>;
  baseSha: string;
  signal: AbortSignal;
}

/** The work so far: the run's own checkpoint, else what it continues, else the base. Throws work_elsewhere. */
export async function startOf(start: Start): Promise<string> {
  const { checkpoint, continues } = start.input;
  if (continues) await recallEarlier(start, continues);
  if (!checkpoint && !continues) return start.baseSha;
  const { branchHead, over } = continues ?? {};
  const commit = checkpoint ?? continues?.commit ?? start.baseSha;
  for (const sha of [commit, branchHead]) if (sha) await fetchWork(start, sha);
  if (checkpoint || !over || !branchHead) return commit;
  const message = 'checkpoint: in the place of what the branch holds\n';
  return start.mirror.commitTree({ tree: await start.mirror.treeOf(commit), parents: [commit, branchHead], message });
}

/** What the run goes on from may have been made on another host. */
async function recallEarlier({ deps, mirror, access, signal }: Start, earlier: NonNullable<HoldInput['continues']>): Promise<void> {
  const { runId, commit, plan, review } = earlier;
  const ids = [plan?.artifactId, review?.artifactId].filter((id) => id !== undefined);
  const known = await Promise.all(ids.map((id) => isArtifactHere(deps, id)));
  const isHere = known.every(Boolean) && (!commit || (await mirror.hasCommit(commit)));
  if (!isHere) await recallRun(deps, { mirror, access, runId, signal });
}

async function fetchWork({ mirror, access, signal }: Start, sha: string): Promise<void> {
  if (await mirror.hasCommit(sha)) return;
  try {
    await mirror.fetchCommit({ ...access, sha, signal });
  } catch (error) {
    if (!(error instanceof BelayError) || error.code !== 'base_not_found') throw error;
    throw new BelayError({
      code: 'work_elsewhere',
      message: `The work so far (commit ${sha.slice(0, 12)}) is neither on this host nor at the remote: another host has it.`,
      hint: 'Start the worker of that host, then `belay retry`. If that host is gone, `belay retry --phase` with the first phase does the work anew.',
      cause: error,
    });
  }
}
