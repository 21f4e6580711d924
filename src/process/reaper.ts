/**
 * Outlives a worker to end what it started. Its standard input is a pipe from the worker, so the end of that is the end
 * of the worker, SIGKILL included. Argument: the boot id.
 */
import { BOOT_MARK, endMarked } from './process-table.ts';

const [bootId] = process.argv.slice(2);
if (!bootId) throw new Error('usage: reaper BOOT_ID');

process.stdin.on('end', () => void finish());
process.stdin.on('error', () => void finish());
process.stdin.resume();
process.stdout.on('error', () => {});
process.stdout.write('ready\n');

async function finish(): Promise<void> {
  await endMarked(`${BOOT_MARK}=${bootId}`, { timeoutMs: 30_000 });
  process.exit(0);
}
