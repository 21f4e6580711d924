import { withoutUndefined } from '../../contracts/without-undefined.ts';
import type { Conflicts, Moved } from '../../contracts/publishing.ts';
import { park } from '../failures.ts';
import { test } from '../phases/test.ts';
import type { Run } from '../run.ts';

/** How often the agent is asked to resolve the conflicts of one merge; what it has not resolved by then is a person's. */
const CONFLICT_ATTEMPTS = 3;

/** Merges what others have committed into the work, has conflicts resolved, and checks the result. */
export async function takeIn(run: Run, theirs: Moved): Promise<void> {
  const { repository } = run.input;
  const { to: work } = await run.position();
  run.say(`takes in ${theirs.name} at ${theirs.sha.slice(0, 12)}`);
  const { checkpoint, conflicts } = await run.step('take-in', (host, step) => host.takeIn({ step, repository, checkpoint: work, theirs }));
  const undo = remember(run);
  run.goBackTo(checkpoint);
  try {
    if (conflicts) await resolve(run, theirs, conflicts);
    noteTaken(run, theirs, work);
    await changeWorkspace(run);
  } catch (error) {
    // Half of a merge, or a base on which nothing can be set up, is nothing to go on from: a retry takes in what is there then.
    undo();
    throw error;
  }
  await run.phase(test);
}

/** Brings the run back to how it is now. */
function remember({ state }: Run): () => void {
  const { merged, branchHead, published, evidence, settings, checkpoint, view } = state;
  const { baseSha, headSha } = view;
  return () => {
    for (const name of ['merged', 'branchHead', 'published', 'evidence', 'settings', 'checkpoint'] as const) delete state[name];
    Object.assign(state, withoutUndefined({ merged, branchHead, published, evidence, settings, checkpoint }));
    Object.assign(view, withoutUndefined({ baseSha, headSha }));
  };
}

/** What was checked before was another tree. */
function noteTaken({ state }: Run, { what, name, sha }: Moved, work: string): void {
  delete state.evidence;
  if (what === 'branch') {
    state.branchHead = sha;
    state.published = { branch: name, headSha: sha };
    return;
  }
  state.merged ??= { from: state.view.baseSha as string, work };
  state.view.baseSha = sha;
}

/** A workspace that is set up as the newer base wants it, with what the base says of itself now. */
async function changeWorkspace(run: Run): Promise<void> {
  await run.release();
  delete run.state.settings;
  await run.position();
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
