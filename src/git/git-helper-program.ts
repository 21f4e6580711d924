/** Starts git for a worker, which is a big process. See `git-helper.ts`; ends with the channel to the worker. */
import type { FromGitHelper, ToGitHelper } from './git-helper.ts';
import { runGit } from './hardened-git.ts';

const running = new Map<number, AbortController>();

process.on('disconnect', () => process.exit());
process.on('message', (message: ToGitHelper) => {
  if ('abort' in message) running.get(message.id)?.abort(new Error('aborted'));
  else void run(message.id, message.start);
});

async function run(id: number, start: Extract<ToGitHelper, { start: unknown }>['start']): Promise<void> {
  const abort = new AbortController();
  running.set(id, abort);
  try {
    say({ id, answer: await runGit({ ...start, signals: [abort.signal] }) });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    say({ id, failure: { name, message } });
  } finally {
    running.delete(id);
  }
}

function say(message: FromGitHelper): void {
  // Without a channel the process is about to end.
  if (process.connected) process.send?.(message);
}
