import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CANCEL_SIGNAL } from '../../src/contracts/constants.ts';
import { BOOT_MARK, markedProcesses } from '../../src/process/process-table.ts';
import { median, quantile, timed } from '../measure.ts';
import type { Bench, Row } from '../measure.ts';
import { happyScript } from '../script.ts';
import { createSubject } from '../subject.ts';

const GOAL_MS = 5000;
const POLL_MS = 5;
/** As an agent is in the middle of its work: it has a child that has left its group. */
const AT_WORK = { run: 'setsid sleep 3600 & sleep 3600', hang: true };

/** From the order to the last process of the agent's tree gone, against killing a bare process. */
export const cancel: Bench = async ({ folder, pairs, full }) => {
  const count = full ? 200 : Math.max(20, pairs);
  const script = JSON.stringify({ ...(JSON.parse(happyScript()) as object), implement: [AT_WORK] });
  await using subject = await createSubject({ folder, files: 100, slots: 1, script });
  const mark = `${BOOT_MARK}=${(await readFile(join(subject.home, 'boot'), 'utf8')).trim()}`;
  const [bareMs, goneMs, closedMs]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round <= count; round++) {
    const bare = await killBare();
    const handle = await subject.start(`Work without end, ${round}`);
    // The agent, its shell, and both that these wait for.
    await until(async () => (await namesOf(await markedProcesses(mark))).filter((name) => name === 'sleep').length === 2);
    const began = performance.now();
    await handle.signal(CANCEL_SIGNAL, {});
    await until(async () => (await markedProcesses(mark)).length === 0);
    const gone = performance.now() - began;
    await handle.result().catch(() => {});
    if (round === 0) continue;
    bareMs.push(bare);
    goneMs.push(gone);
    closedMs.push(performance.now() - began);
    process.stderr.write(`  cancel ${round}/${count}: ${bare.toFixed(1)} ms, ${gone.toFixed(1)} ms\n`);
  }
  const row = (measure: string, ms: readonly number[], share: number, goal?: number): Row => ({
    measure: `${measure}, p${share * 100}`,
    against: 'SIGKILL of a bare process',
    baseline: `${quantile(bareMs, share).toFixed(1)} ms`,
    subject: `${quantile(ms, share).toFixed(0)} ms`,
    result: `${(quantile(ms, share) / median(bareMs)).toFixed(0)}x`,
    range: `${Math.min(...ms).toFixed(0)}–${Math.max(...ms).toFixed(0)} ms`,
    goal: goal === undefined ? 'report' : `≤ ${goal / 1000} s`,
    met: goal === undefined || quantile(ms, share) <= goal,
  });
  const what = `cancel to the last process gone (${count})`;
  return [row(what, goneMs, 0.5), row(what, goneMs, 0.99, GOAL_MS), row('cancel to the run closed', closedMs, 0.5)];
};

async function killBare(): Promise<number> {
  const child = spawn('sleep', ['3600'], { stdio: 'ignore' });
  await once(child, 'spawn');
  return timed(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
}

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await sleep(POLL_MS);
}

const namesOf = async (pids: readonly number[]): Promise<string[]> =>
  Promise.all(pids.map(async (pid) => (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()));
