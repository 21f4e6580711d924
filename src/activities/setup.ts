import { stripVTControlCharacters } from 'node:util';
import { BelayError } from '../contracts/errors.ts';
import type { Grant, LeaseRef } from '../contracts/lease.ts';
import type { ProcessEnd } from '../process/process-request.ts';
import type { RepositorySettings } from '../repository-settings.ts';
import { workingDirectory } from '../workspace/working-directory.ts';
import type { Dependencies } from './dependencies.ts';
import { environmentOf } from './environment.ts';
import { recordOutput, unwritten } from './journal.ts';

/** Installing a big repository's dependencies takes minutes; an hour means that it hangs. */
const SETUP_LIMIT_MS = 60 * 60_000;

export interface Setup {
  lease: LeaseRef;
  path: string;
  ports: Grant['ports'];
  commands: string[];
  settings: RepositorySettings;
}

type Means = Pick<Dependencies, 'processes' | 'files' | 'ledger' | 'workspaceEnvironment'>;

/** Makes a new worktree ready to work in, with the repository's own commands. Throws setup_failed with the end of their output. */
export async function runSetup(means: Means, setup: Setup, signal: AbortSignal): Promise<void> {
  const output = { runId: setup.lease.runId, kind: 'log', name: 'setup.log' } as const;
  try {
    await runCommands(means, setup, { outputFile: means.files.artifactPath(output), signal });
  } finally {
    await recordOutput(means, output).catch(unwritten('The record of what the setup said'));
  }
}

async function runCommands(
  { processes, workspaceEnvironment }: Means,
  setup: Setup,
  { outputFile, signal }: { outputFile: string; signal: AbortSignal },
): Promise<void> {
  const env = environmentOf({ workspaceEnvironment }, setup);
  const { workingDirectory: folder, limits } = setup.settings;
  const limitMs = limits.setupMs ?? SETUP_LIMIT_MS;
  for (const command of setup.commands) {
    const end = await processes.run({
      file: '/bin/sh',
      args: ['-c', command],
      cwd: await workingDirectory({ root: setup.path, folder }),
      env,
      totalMs: limitMs,
      outputFile,
      signal,
    });
    signal.throwIfAborted();
    if (end.reason === 'exited' && end.exitCode === 0) continue;
    throw new BelayError({
      code: 'setup_failed',
      message: `The setup command \`${command}\` ${howItEnded(end, limitMs)}: ${stripVTControlCharacters(end.outputTail).slice(-1500).trim()}`,
      hint: 'Mend it, or name another under `setup` in .belay.yml on the base branch; then `belay retry`.',
    });
  }
}

function howItEnded({ reason, exitCode, signal }: ProcessEnd, limitMs: number): string {
  if (reason === 'timed_out') return `did not end within ${Math.round(limitMs / 1000)} s`;
  if (reason !== 'exited') return `ended with ${reason}`;
  return exitCode === null ? `was ended by ${signal ?? 'a signal'}` : `ended with exit code ${exitCode}`;
}
