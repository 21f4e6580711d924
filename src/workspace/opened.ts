import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { hardenedGit } from '../git/hardened-git.ts';
import type { Mirror } from '../git/mirror.ts';

export interface OpenedCheckout {
  home: string;
  mirror: Mirror;
  runId: string;
  commit: string;
}

/** A clone for a person under `<home>/opened/<run id>`, on the commit. It shares the mirror's objects; one that is there is left as it is. */
export async function openCheckout({ home, mirror, runId, commit }: OpenedCheckout): Promise<string> {
  const folder = path.join(home, 'opened');
  const where = path.join(folder, `${runId}-${commit.slice(0, 8)}`);
  const there = await stat(where).catch(() => undefined);
  if (there) return where;
  await mkdir(folder, { recursive: true });
  const clone = hardenedGit({ cwd: folder, env: mirror.env });
  await clone.run(['clone', '--quiet', '--no-checkout', '--shared', '--', mirror.gitDir, where]);
  const git = hardenedGit({ cwd: where, gitDir: path.join(where, '.git'), workTree: where, env: mirror.env });
  await git.run(['checkout', '--quiet', '-B', `belay-${runId}`, commit]);
  return where;
}
