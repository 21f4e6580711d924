import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkspaceKind } from '../contracts/constants.ts';
import type { Mirror } from '../git/mirror.ts';
import { registrationPath } from './run-folders.ts';

/** In the registration, which goes with its tree. */
const MARK = 'belay-setup-done';

/** Runs the setup of a run's worktree unless it has ended well in this very tree; `again`: in any case. */
export async function oncePerTree(
  { mirror, runId, kind, again }: { mirror: Mirror; runId: string; kind?: WorkspaceKind; again: boolean },
  setup: () => Promise<void>,
): Promise<void> {
  const mark = join(registrationPath({ gitDir: mirror.gitDir, runId, ...(kind && { kind }) }), MARK);
  if (!again && (await stat(mark).catch(() => undefined))) return;
  // First: a setup that is interrupted counts as none.
  await rm(mark, { force: true });
  await setup();
  await writeFile(mark, '');
}
