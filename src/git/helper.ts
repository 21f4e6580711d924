import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HelperProcess } from '../process/helper-process.ts';
import type { StartChild } from '../process/start-child.ts';
import { startByHelper } from '../process/starter.ts';
import type { Starter } from '../process/starter.ts';
import type { FromStarter, ToStarter } from '../process/starter-service.ts';
import type { GitAnswer, GitProcess } from './hardened-git.ts';

type ToGit = { id: number } & ({ git: Omit<GitProcess, 'signals'> } | { abort: true });
type FromGit = { id: number } & ({ answer: GitAnswer } | { failure: { name: string; message: string } });

/** What the helper is told. */
export type ToHelper = ToGit | ToStarter;
/** What the helper says. */
export type FromHelper = FromGit | FromStarter;

type Numbered<Message> = Message extends { id: number } ? Omit<Message, 'id'> : never;
type Helper = HelperProcess<Numbered<ToHelper>, FromHelper>;

export interface UsedHelper extends AsyncDisposable {
  /** Starts children there. */
  start: StartChild;
}

/** Of this process, like its standard streams: what it costs to start a process depends on this one's size, whoever asks for git. */
let running: { helper: Helper; users: number } | undefined;

/** From now on git, and what is asked for, is started by a small process beside this one, until disposed. */
export async function useHelper(): Promise<UsedHelper> {
  running ??= {
    helper: new HelperProcess(fileURLToPath(new URL(`./helper-program${extname(import.meta.url)}`, import.meta.url))),
    users: 0,
  };
  const used = running;
  used.users++;
  return {
    start: startByHelper(starterOf(used.helper)),
    async [Symbol.asyncDispose]() {
      if (--used.users > 0) return;
      if (running === used) running = undefined;
      await used.helper.end();
    },
  };
}

const starterOf = (helper: Helper): Starter => ({
  get isAlive() {
    return helper.isAlive;
  },
  open: ({ onMessage, onLost }) => helper.open({ onMessage: (message) => void (isOfGit(message) || onMessage(message)), onLost }),
});

const isOfGit = (message: FromHelper): message is FromGit => 'answer' in message || 'failure' in message;

/** Undefined where there is no helper: git is started from here then. */
export const runByHelper = (git: GitProcess): Promise<GitAnswer> | undefined =>
  running?.helper.isAlive ? runThere(running.helper, git) : undefined;

async function runThere(helper: Helper, { signals, ...git }: GitProcess): Promise<GitAnswer> {
  const signal = AbortSignal.any(signals);
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<GitAnswer>();
  using line = helper.open({
    onMessage(message) {
      if ('answer' in message) resolve(message.answer);
      else if ('failure' in message) reject(Object.assign(new Error(message.failure.message), { name: message.failure.name }));
    },
    onLost: reject,
  });
  const onAbort = (): void => line.tell({ abort: true });
  signal.addEventListener('abort', onAbort, { once: true });
  line.tell({ git });
  try {
    const answer = await promise;
    signal.throwIfAborted();
    return answer;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
