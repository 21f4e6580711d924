import type { Conflicts, Moved } from '../../contracts/work.ts';
import { park } from '../failures.ts';
import { test } from '../phases/test.ts';
import type { Run } from '../run.ts';

/** How often the agent is asked to resolve the conflicts of one merge; what it has not resolved by then is a person's. */
const CONFLICT_ATTEMPTS = 3;

/** Merges what others have committed into the work, has conflicts resolved, and checks the result. */
export async function takeIn(run: Run, theirs: Moved): Promise<void> {
  const { repository } = run.input;
  const { from, to: work } = await run.position();
  run.say(`takes in ${theirs.name} at ${theirs.sha.slice(0, 12)}`);
  const { checkpoint, conflicts } = await run.step('take-in', (host, step) => host.takeIn({ step, repository, checkpoint: work, theirs }));
  run.goBackTo(checkpoint);
  try {
    if (conflicts) await resolve(run, theirs, conflicts);
  } catch (error) {
    // Half of a merge is nothing to go on from.
    run.goBackTo(work);
    throw error;
  }
  noteTaken(run, theirs, { from, work });
  // The next workspace is set up as the newer base wants it.
  await run.release();
  await run.phase(test);
}

function noteTaken({ state }: Run, { what, name, sha }: Moved, { from, work }: { from: string; work: string }): void {
  if (what === 'branch') {
    state.branchHead = sha;
    state.published = { branch: name, headSha: sha };
    return;
  }
  state.merged ??= { from, work };
  state.view.baseSha = sha;
}

async function resolve(run: Run, theirs: Moved, found: Conflicts): Promise<void> {
  let left = found;
  for (let attempt = 1; attempt <= CONFLICT_ATTEMPTS; attempt++) {
    const next = await run.attempt(attempt, () => resolveOnce(run, theirs, left));
    if (!next) return;
    left = next;
  }
  throw park(unresolved(theirs, left));
}

/** Gives what is left. */
async function resolveOnce(run: Run, theirs: Moved, { artifactId }: Conflicts): Promise<Conflicts | undefined> {
  const pick = (field: string) => ({ artifact: artifactId, pick: [field] });
  await run.agent('resolve-conflict', {
    issue: await run.issue(),
    plan: run.plan(),
    theirs: {
      text:
        theirs.what === 'base' ? `the branch ${theirs.name}, on which the work is based` : 'commits that people pushed to the same branch',
    },
    ours_sha: pick('ours'),
    theirs_sha: pick('theirs'),
    files: pick('files'),
    messages: pick('messages'),
  });
  const { to: checkpoint } = await run.position();
  const { left } = await run.step('find-conflicts', (host, step) => host.findConflicts({ step, checkpoint, artifactId }));
  return left;
}

function unresolved({ name, sha }: Moved, { count, files }: Conflicts) {
  const more = count > files.length ? ` and ${count - files.length} more` : '';
  return {
    code: 'merge_conflict' as const,
    message: `The work conflicts with ${name} at ${sha.slice(0, 12)}, and ${CONFLICT_ATTEMPTS} attempts left conflicts in ${files.join(', ')}${more}.`,
    hint: '`belay retry` tries again; `belay retry --phase implement` starts the change over. `belay open` shows the work as it was before.',
  };
}
