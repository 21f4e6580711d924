import { join } from 'node:path';
import type { WorkspaceKind } from '../../src/contracts/constants.ts';
import { registrationPath } from '../../src/workspace/run-folders.ts';
import type { Files } from './git-remote.ts';
import { checkoutAt } from './git-remote.ts';
import { testMirror } from './test-mirror.ts';

export const TEST_RUN = 'run00001';

/** A workspace of this kind on the first commit of a repository. */
export async function testWorkspace(kind: WorkspaceKind, files?: Files) {
  const setup = await testMirror(files);
  const { path, worktree } = await setup.worktrees.prepare({ mirror: setup.mirror, runId: TEST_RUN, kind, commit: setup.base });
  const registration = registrationPath({ gitDir: setup.mirror.gitDir, runId: TEST_RUN, kind });
  /** Where agents' git keeps HEAD and the like. */
  const gitDir = kind === 'clone' ? join(path, '.git') : registration;
  const changes = (sha: string) => setup.mirror.changedFiles({ from: setup.base, to: sha });
  return { ...setup, registration, gitDir, path, worktree, changes, agent: checkoutAt(path) };
}
