import { randomUUID } from 'node:crypto';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BelayError } from '../contracts/errors.ts';
import { endMarked, GIT_HELPER_MARK } from '../process/process-table.ts';
import type { GitAnswer, GitProcess } from './hardened-git.ts';

/** What the helper is told. */
export type ToGitHelper = { id: number; start: Omit<GitProcess, 'signals'> } | { id: number; abort: true };
/** What the helper says. */
export type FromGitHelper = { id: number; answer: GitAnswer } | { id: number; failure: { name: string; message: string } };

interface Waiting {
  resolve(answer: GitAnswer): void;
  reject(error: unknown): void;
}

/** Of this process, like its standard streams: what it costs to start a process depends on this one's size, whoever asks for git. */
let running: { helper: GitHelper; users: number } | undefined;

/**
 * From now on git is started by a small process beside this one, until disposed. Starting a process copies the page tables of the
 * one that starts it and holds it up meanwhile: measured 8 ms of a worker's only thread for each git, against 1 ms in the helper.
 */
export async function useGitHelper(): Promise<AsyncDisposable> {
  running ??= { helper: new GitHelper(), users: 0 };
  const used = running;
  used.users++;
  return {
    async [Symbol.asyncDispose]() {
      if (--used.users > 0) return;
      if (running === used) running = undefined;
      await used.helper.end();
    },
  };
}

/** Undefined where there is no helper: git is started from here then. */
export const runByHelper = (git: GitProcess): Promise<GitAnswer> | undefined =>
  running?.helper.isAlive ? running.helper.run(git) : undefined;

class GitHelper {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  /** In the environment of everything that it starts. */
  readonly #mark = randomUUID();
  #next = 0;

  constructor() {
    const program = fileURLToPath(new URL(`./git-helper-program${extname(import.meta.url)}`, import.meta.url));
    // Its own session: a Ctrl-C in the terminal is for this process alone. It ends when the channel closes, however that comes.
    this.#child = fork(program, [this.#mark], {
      env: {},
      execArgv: [],
      detached: true,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: FromGitHelper) => this.#heard(message));
    this.#child.on('error', (error) => void this.#lost(error));
    this.#child.on('exit', (code, signal) => void this.#lost(new Error(`it ended with ${signal ?? `exit code ${code}`}`)));
    this.#child.unref();
    this.#child.channel?.unref();
  }

  get isAlive(): boolean {
    return this.#child.connected;
  }

  async run({ signals, ...start }: GitProcess): Promise<GitAnswer> {
    const signal = AbortSignal.any(signals);
    signal.throwIfAborted();
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<GitAnswer>();
    const onAbort = (): void => this.#tell({ id, abort: true });
    signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting.set(id, { resolve, reject });
    this.#child.channel?.ref();
    this.#tell({ id, start });
    try {
      const answer = await promise;
      signal.throwIfAborted();
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#child.channel?.unref();
    }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.ref();
    if (this.#child.connected) this.#child.disconnect();
    await exited;
  }

  #tell(message: ToGitHelper): void {
    this.#child.send(message, (error) => error && void this.#lost(error));
  }

  #heard(message: FromGitHelper): void {
    const waiting = this.#waiting.get(message.id);
    if ('answer' in message) waiting?.resolve(message.answer);
    else waiting?.reject(Object.assign(new Error(message.failure.message), { name: message.failure.name }));
  }

  /** Git that goes on unheard is ended before its work is tried again. */
  async #lost(cause: Error): Promise<void> {
    if (this.#waiting.size === 0) return;
    const error = new BelayError({
      code: 'git_failed',
      message: `The process that starts git for this worker is gone: ${cause.message}`,
      hint: 'The step is tried again, without it. If this repeats, see whether the machine runs out of memory.',
      cause,
    });
    const lost = [...this.#waiting.values()];
    try {
      await endMarked(`${GIT_HELPER_MARK}=${this.#mark}`);
    } finally {
      for (const { reject } of lost) reject(error);
    }
  }
}
