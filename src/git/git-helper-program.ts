/** Starts git for a worker, which is a big process. See `git-helper.ts`; ends with the channel to the worker, and git with it. Argument: its mark. */
import type { FromGitHelper, ToGitHelper } from './git-helper.ts';
import { endMarked, GIT_HELPER_MARK } from '../process/process-table.ts';
import { runGit } from './hardened-git.ts';

const running = new Map<number, AbortController>();

const [mark = ''] = process.argv.slice(2);

process.on('disconnect', () => void end());
process.on('message', (message: ToGitHelper) => {
  if ('abort' in message) running.get(message.id)?.abort(new Error('aborted'));
  else void run(message.id, message.start);
});

async function run(id: number, start: Extract<ToGitHelper, { start: unknown }>['start']): Promise<void> {
  const abort = new AbortController();
  running.set(id, abort);
  try {
    const env = { ...start.env, [GIT_HELPER_MARK]: mark };
    say({ id, answer: await runGit({ ...start, env, signals: [abort.signal] }) });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    say({ id, failure: { name, message } });
  } finally {
    running.delete(id);
  }
}

/** Nobody would hear the answers of what still runs: git, and what git has started. */
async function end(): Promise<void> {
  if (running.size > 0) await endMarked(`${GIT_HELPER_MARK}=${mark}`);
  process.exit();
}

function say(message: FromGitHelper): void {
  // Without a channel the process is about to end.
  if (process.connected) process.send?.(message);
}
