/**
 * A worker that sends itself a signal at one side of one effect, the first time it gets there.
 * AT_EFFECT names effect, moment and signal: `push-branch:after-intent:SIGSTOP`.
 */
import { runWorker } from '../../src/worker.ts';

const [effect, moment, signal = 'SIGKILL'] = (process.env['AT_EFFECT'] ?? '').split(':');
let reached = false;
await runWorker(process.env, {
  atEffect: async (at) => {
    if (reached || at.effect !== effect || at.moment !== moment) return;
    reached = true;
    process.stdout.write(`Reached ${effect}, ${moment}\n`);
    process.kill(process.pid, signal);
  },
});
