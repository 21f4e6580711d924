import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { Bench } from '../measure.ts';
import { createSubject } from '../subject.ts';
import type { Subject } from '../subject.ts';

const MAX_MB = 2;
const TIMES = 1.5;
const COUNTS = { full: 500, short: 50 };
const BARE_QUEUE = 'bare';

/** What an agent looks like that never answers. */
const SLEEPER = '#!/bin/sh\nexec sleep 100000\n';

/** Memory of the worker's process for each run that is in flight, against flows that only wait for one activity. */
export const memory: Bench = async ({ folder, full }) => {
  const count = full ? COUNTS.full : COUNTS.short;
  const sleeper = join(folder, 'claude');
  await writeFile(sleeper, SLEEPER, { mode: 0o755 });
  await using subject = await createSubject({ folder, files: 10, slots: count + 1, env: { BELAY_CLAUDE_PATH: sleeper } });
  await subject.run('Warm up');
  const bare = await bareFlows(subject, folder, count);
  const ours = await runs(subject, count);
  return [
    {
      measure: `memory of the worker per run in flight, ${count} sleeping`,
      against: 'bare Temporal flows',
      baseline: `${bare.toFixed(2)} MB`,
      subject: `${ours.toFixed(2)} MB`,
      result: `${(ours / bare).toFixed(2)}x`,
      range: '',
      goal: `≤ ${MAX_MB} MB, ≤ ${TIMES}x`,
      met: ours <= MAX_MB && ours / bare <= TIMES,
    },
  ];
};

async function runs(subject: Subject, count: number): Promise<number> {
  const before = settledRss();
  const handles = [];
  for (let index = 0; index < count; index++) handles.push(await subject.start(`Sleep, ${index}`, { engine: 'claude' }));
  await until(async () => (await subject.working()) === count);
  const perRun = (settledRss() - before) / count;
  for (const handle of handles) await handle.cancel();
  await Promise.all(handles.map((handle) => handle.result().catch(() => {})));
  return perRun;
}

async function bareFlows({ client, address }: Subject, folder: string, count: number): Promise<number> {
  const workflowsPath = join(folder, 'bare.js');
  await writeFile(
    workflowsPath,
    `import { proxyActivities } from '@temporalio/workflow';
const { wait } = proxyActivities({ startToCloseTimeout: '1 day' });
export async function bare() { await wait(); }
`,
  );
  const connection = await NativeConnection.connect({ address });
  let begun = 0;
  const over = Promise.withResolvers<void>();
  const wait = async (): Promise<void> => {
    begun++;
    await over.promise;
  };
  const modules = join(import.meta.dirname, '../../node_modules');
  const worker = await Worker.create({
    connection,
    taskQueue: BARE_QUEUE,
    workflowsPath,
    activities: { wait },
    maxConcurrentActivityTaskExecutions: count,
    bundlerOptions: { webpackConfigHook: (config) => ({ ...config, resolve: { ...config.resolve, modules: [modules] } }) },
  });
  const running = worker.run();
  const before = settledRss();
  const handles = await Promise.all(
    Array.from({ length: count }, (_, index) => client.workflow.start('bare', { taskQueue: BARE_QUEUE, workflowId: `bare-${index}` })),
  );
  await until(async () => begun === count);
  const perRun = (settledRss() - before) / count;
  over.resolve();
  await Promise.all(handles.map((handle) => handle.result()));
  worker.shutdown();
  await running;
  await connection.close();
  return perRun;
}

function settledRss(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 1024 ** 2;
}

async function until(check: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await check()); tries++) {
    if (tries > 6000) throw new Error('The runs did not come to work within ten minutes.');
    await sleep(100);
  }
}
