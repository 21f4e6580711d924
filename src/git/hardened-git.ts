import { simpleGit } from 'simple-git';
import type { SimpleGitOptions } from 'simple-git';
import { gitFailure } from './git-failure.ts';
import { gitEnvironment, HARDENING } from './git-environment.ts';
import type { GitEnvironment } from './git-environment.ts';
import { runByHelper } from './helper.ts';

export interface HardenedGitOptions {
  /** Where commands start: the work tree, the git directory, or a path to discover a repository from. */
  cwd: string;
  /** Pinned, so that nothing in the work tree decides which repository is meant. */
  gitDir?: string;
  commonDir?: string;
  workTree?: string;
  indexFile?: string;
  signal?: AbortSignal;
  /** The ambient environment. */
  env?: GitEnvironment;
  /** Added to the configuration given on the command line. */
  config?: readonly string[];
  /** Added to git's environment. */
  extraEnv?: Record<string, string>;
}

export interface GitCall {
  signal?: AbortSignal | undefined;
  /** Standard output beyond this is cut, and git is stopped. */
  maxBytes?: number;
  /** Added to git's environment. */
  env?: Record<string, string>;
  /** Added to the configuration given on the command line. */
  config?: readonly string[];
  /** Hears what git says while it works. */
  onStderr?: ((chunk: string) => void) | undefined;
}

export interface GitAnswer {
  /** Null when a signal ended it. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
  truncated: boolean;
}

/** Git that runs nothing a repository names and asks nobody. Arguments go to the process as they are. */
export interface HardenedGit {
  /** Standard output. Throws git_failed, or the signal's reason. */
  run(args: readonly string[], call?: GitCall): Promise<string>;
  /** For answers that are in the exit code. Rejects only with the signal's reason. */
  attempt(args: readonly string[], call?: GitCall): Promise<GitAnswer>;
}

/** Each of these names a program or a place; all that we pass are our own constants. */
const UNSAFE: NonNullable<SimpleGitOptions['unsafe']> = {
  allowUnsafeAskPass: true,
  allowUnsafeConfigEnvCount: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeFilter: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeHooksPath: true,
  allowUnsafePack: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeSshCommand: true,
  allowUnsafeTemplateDir: true,
};

export function hardenedGit(options: HardenedGitOptions): HardenedGit {
  const env = gitEnvironment(options.env ?? {}, {
    GIT_DIR: options.gitDir,
    GIT_COMMON_DIR: options.commonDir,
    GIT_WORK_TREE: options.workTree,
    GIT_INDEX_FILE: options.indexFile,
    ...options.extraEnv,
  });
  const config = [...HARDENING, ...(options.config ?? [])];

  async function attempt(args: readonly string[], call: GitCall = {}): Promise<GitAnswer> {
    const signals = [options.signal, call.signal].filter((signal) => signal !== undefined);
    const git = {
      args,
      cwd: options.cwd,
      env: { ...env, ...call.env },
      config: [...config, ...(call.config ?? [])],
      signals,
      maxBytes: call.maxBytes ?? Number.POSITIVE_INFINITY,
      onStderr: call.onStderr,
    };
    // The helper gives whole answers: who wants to be told meanwhile starts git here.
    return (call.onStderr ? undefined : runByHelper(git)) ?? runGit(git);
  }

  async function run(args: readonly string[], call?: GitCall): Promise<string> {
    const answer = await attempt(args, call);
    if (answer.exitCode === 0 || answer.truncated) return answer.stdout;
    throw gitFailure({ args, cwd: options.cwd, answer });
  }

  return { run, attempt };
}

/** A git process, with everything that it is started with. */
export interface GitProcess {
  args: readonly string[];
  cwd: string;
  env: Record<string, string>;
  config: string[];
  signals: AbortSignal[];
  maxBytes: number;
  onStderr: GitCall['onStderr'];
}

/** Starts git from this very process. */
export async function runGit({ args, cwd, env, config, signals, maxBytes, onStderr }: GitProcess): Promise<GitAnswer> {
  for (const signal of signals) signal.throwIfAborted();
  const full = new AbortController();
  const head = boundedHead(maxBytes, () => full.abort());
  let ended: { exitCode: number | null; stderr: string } = { exitCode: null, stderr: '' };
  const git = simpleGit({
    baseDir: cwd,
    config,
    unsafe: UNSAFE,
    allowEnvironment: Object.keys(env),
    abort: AbortSignal.any([...signals, full.signal]),
    // The exit code decides, and the callers read it: simple-git takes a silent failure, or a killed git, for success.
    errors: (_error, { exitCode, stdErr }) => void (ended = { exitCode, stderr: Buffer.concat(stdErr).toString() }),
  });
  git.env(env).outputHandler((_command, stdout, stderr) => {
    stdout.on('data', head.add);
    if (onStderr) stderr.on('data', (chunk: Buffer) => onStderr(chunk.toString()));
    // simple-git waits 50 ms after a process without output (54 ms instead of 3); an empty chunk counts as output.
    stdout.once('end', () => stdout.emit('data', Buffer.alloc(0)));
  });
  const stdout = await git.raw([...args]).catch((error: unknown) => {
    for (const signal of signals) signal.throwIfAborted();
    if (full.signal.aborted) return '';
    throw error;
  });
  for (const signal of signals) signal.throwIfAborted();
  return head.isFull() ? { ...ended, stdout: head.text(), truncated: true } : { ...ended, stdout, truncated: false };
}

/** The first bytes of a stream, ending in a whole character. */
function boundedHead(maxBytes: number, onFull: () => void) {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    add(chunk: Buffer) {
      if (maxBytes === Number.POSITIVE_INFINITY || bytes > maxBytes) return;
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxBytes) onFull();
    },
    isFull: () => bytes > maxBytes,
    text: () => new TextDecoder().decode(Buffer.concat(chunks).subarray(0, maxBytes), { stream: true }),
  };
}
