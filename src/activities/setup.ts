import path from 'node:path';
import { BelayError } from '../contracts/errors.ts';
import type { Grant, LeaseRef } from '../contracts/lease.ts';
import type { RepositorySettings } from '../repository-settings.ts';
import { workingDirectory } from '../workspace/working-directory.ts';
import type { Dependencies } from './dependencies.ts';
import { environmentOf } from './environment.ts';

/** Installing a big repository's dependencies takes minutes; an hour means that it hangs. */
const SETUP_LIMIT_MS = 60 * 60_000;

export interface Setup {
  lease: LeaseRef;
  path: string;
  ports: Grant['ports'];
  commands: string[];
  settings: RepositorySettings;
}

/** Makes a new worktree ready to work in, with the repository's own commands. Throws setup_failed with the end of their output. */
export async function runSetup({ processes, files, workspaceEnvironment }: Dependencies, setup: Setup, signal: AbortSignal): Promise<void> {
  const outputFile = path.join(files.directory(setup.lease.runId), 'setup.log');
  const env = environmentOf({ workspaceEnvironment }, setup);
  const { workingDirectory: folder, limits } = setup.settings;
  for (const command of setup.commands) {
    const end = await processes.run({
      file: '/bin/sh',
      args: ['-c', command],
      cwd: await workingDirectory({ root: setup.path, folder }),
      env,
      totalMs: limits.setupMs ?? SETUP_LIMIT_MS,
      outputFile,
      signal,
    });
    signal.throwIfAborted();
    if (end.reason === 'exited' && end.exitCode === 0) continue;
    throw new BelayError({
      code: 'setup_failed',
      message: `The setup command \`${command}\` ended with ${end.reason === 'exited' ? `exit code ${end.exitCode}` : end.reason}: ${end.outputTail.slice(-1500).trim()}`,
      hint: 'Mend it, or name another under `setup` in .belay.yml on the base branch; then `belay retry`.',
    });
  }
}
