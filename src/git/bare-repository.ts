import { cp, rm } from 'node:fs/promises';
import { hardenedGit } from './hardened-git.ts';

export interface BareRepository {
  /** A folder whose files become the first commit. */
  from: string;
  to: string;
  /** A folder for the work, removed afterwards. */
  scratch: string;
  message: string;
}

/** A bare repository whose branch `main` holds the files of a folder in one commit. */
export async function createBareRepository({ from, to, scratch, message }: BareRepository): Promise<void> {
  await cp(from, scratch, { recursive: true });
  const git = hardenedGit({ cwd: scratch });
  await git.run(['init', '--quiet', '--initial-branch=main']);
  await git.run(['add', '--all']);
  await git.run(['commit', '--quiet', '--message', message]);
  await git.run(['clone', '--quiet', '--bare', '--no-hardlinks', '--', scratch, to]);
  await rm(scratch, { recursive: true, force: true });
}
