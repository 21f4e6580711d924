/** Starts git, agents and tests for a worker, which is a big process. See `helper.ts`; ends with the channel to the worker, and git with it. Argument: its mark. */
import { endMarked, HELPER_MARK } from '../process/process-table.ts';
import { StarterService } from '../process/starter-service.ts';
import type { FromHelper, ToHelper } from './helper.ts';
import { runGit } from './hardened-git.ts';
import type { GitProcess } from './hardened-git.ts';

const [mark = ''] = process.argv.slice(2);
const running = new Map<number, AbortController>();
const children = new StarterService(say);

process.on('disconnect', () => void end());
process.on('message', (message: ToHelper) => {
  if ('git' in message) void run(message.id, message.git);
  else if ('abort' in message) running.get(message.id)?.abort(new Error('aborted'));
  else children.hear(message);
});

async function run(id: number, git: Omit<GitProcess, 'signals'>): Promise<void> {
  const abort = new AbortController();
  running.set(id, abort);
  try {
    const env = { ...git.env, [HELPER_MARK]: mark };
    say({ id, answer: await runGit({ ...git, env, signals: [abort.signal] }) });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    say({ id, failure: { name, message } });
  } finally {
    running.delete(id);
  }
}

/** Nobody would hear the answers of what still runs: git, and what git has started. */
async function end(): Promise<void> {
  if (running.size > 0) await endMarked(`${HELPER_MARK}=${mark}`);
  process.exit();
}

function say(message: FromHelper): void {
  // Without a channel the process is about to end.
  if (process.connected) process.send?.(message);
}
