import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openContext } from '../../src/cli/context.ts';
import { connectTemporal, localTarget } from '../../src/temporal/connection.ts';
import { temporalCli } from '../../test/support/temporal-cli.ts';
import { startDevServer } from '../../src/temporal/dev-server.ts';
import type { Bench, Row } from '../measure.ts';
import { createRepository } from '../repository.ts';
import { happyScript } from '../script.ts';
import { ordersOf, quiet } from '../subject.ts';

const WORKER = fileURLToPath(new URL('../../src/worker.ts', import.meta.url));
const POLL_MS = 20;
/** Runs that do not go on are counted, not waited for without end. */
const PATIENCE_MS = 120_000;

/** How soon runs work again whose worker was killed, on the same host. */
export const recovery: Bench = async ({ folder, full }) => {
  const rows = [await recover({ folder: join(folder, '16'), runs: 16, goalMs: 5000 })];
  if (full) rows.push(await recover({ folder: join(folder, '200'), runs: 200, goalMs: 30_000 }));
  return rows;
};

interface Recover {
  folder: string;
  runs: number;
  goalMs: number;
}

async function recover({ folder, runs, goalMs }: Recover): Promise<Row> {
  await using stack = new AsyncDisposableStack();
  await mkdir(folder, { recursive: true });
  const begun = join(folder, 'begun.log');
  const env = await environment(folder, { runs, script: hangingScript(begun) });
  const server = stack.use(await startDevServer({ cli: await temporalCli(), home: join(folder, 'temporal') }));
  const repository = await createRepository(folder, 100);
  const context = stack.use(await openContext({ env, terminal: quiet }));
  const { client } = stack.use(await connectTemporal({ target: localTarget(server.address) }));
  const { start } = ordersOf({ context, client, repository, folder });
  const workerEnv = { ...env, BELAY_TEMPORAL_ADDRESS: server.address };

  const first = await startWorker(workerEnv);
  stack.defer(() => end(first));
  for (let run = 0; run < runs; run++) await start(`Recover, ${run}`);
  await until(async () => (await beginsIn(begun)).filter(([at]) => at !== undefined).length === runs);
  await end(first);

  const killedAt = Date.now();
  const second = await startWorker(workerEnv);
  stack.defer(() => end(second));
  const servesMs = Date.now() - killedAt;
  const again = async (): Promise<number[]> => (await beginsIn(begun)).map(([, at]) => at).filter((at) => at !== undefined);
  await until(async () => (await again()).length === runs);
  const resumed = await again();
  const lastMs = Math.max(...resumed) - killedAt;
  return {
    measure: `${runs} runs work again after their worker was killed, the last of them`,
    against: 'until the next worker serves',
    baseline: `${(servesMs / 1000).toFixed(2)} s`,
    subject: `${(lastMs / 1000).toFixed(2)} s`,
    result: `${resumed.length} of ${runs}`,
    range: `${((Math.min(...resumed) - killedAt) / 1000).toFixed(2)}–${(lastMs / 1000).toFixed(2)} s`,
    goal: `all, ≤ ${goalMs / 1000} s`,
    met: resumed.length === runs && lastMs <= goalMs,
  };
}

/** The agent notes when it begins, by its workspace, and hangs. */
const hangingScript = (begun: string): string =>
  JSON.stringify({
    ...(JSON.parse(happyScript()) as object),
    implement: [{ run: `echo "$(basename "$PWD") $(date +%s%3N)" >> '${begun}'; sleep 3000`, say: 'Added a line.' }],
  });

/** When the agent of each run began, and began again. */
async function beginsIn(file: string): Promise<(number | undefined)[][]> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  const byRun = Map.groupBy(lines, (line) => line.split(' ')[0]);
  return [...byRun.values()].map((each) => each.map((line) => Number(line.split(' ')[1])));
}

async function environment(folder: string, { runs, script: text }: { runs: number; script: string }): Promise<NodeJS.ProcessEnv> {
  const script = join(folder, 'script.yml');
  await writeFile(script, text);
  const ports = (first: number): string => `${first}-${first + runs - 1}`;
  return {
    ...process.env,
    BELAY_HOME: join(folder, 'home'),
    BELAY_ENGINE: 'scripted',
    BELAY_SCRIPT: script,
    BELAY_MAX_WORKSPACES: String(runs),
    // Not those of other rows: a measurement beside this one must not take them away.
    BELAY_PORTS_BACKEND: ports(26_000),
    BELAY_PORTS_FRONTEND: ports(26_500),
  };
}

/** Resolves when it serves. */
async function startWorker(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const worker = spawn(process.execPath, [WORKER], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const text of worker.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false }) as AsyncIterable<string>)
    if (text.includes('Worker started')) {
      worker.stderr.resume();
      return worker;
    }
  throw new Error('A worker ended instead of serving.');
}

async function end(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const exited = once(worker, 'exit');
  worker.kill('SIGKILL');
  await exited;
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await done()) && performance.now() < deadline) await sleep(POLL_MS);
}
