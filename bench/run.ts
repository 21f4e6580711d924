#!/usr/bin/env node
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench, Row } from './measure.ts';
import { table } from './measure.ts';

/** By name, so that each runs in a process of its own, and none pays for another's heap. */
const BENCHES: Record<string, () => Promise<Bench>> = {
  happy: async () => (await import('./rows/happy.ts')).happy,
  together: async () => (await import('./rows/together.ts')).together,
  sleeping: async () => (await import('./rows/sleeping.ts')).sleeping,
  workspace: async () => (await import('./rows/workspace.ts')).workspace,
  parallel: async () => (await import('./rows/parallel.ts')).parallel,
  history: async () => (await import('./rows/history.ts')).history,
  output: async () => (await import('./rows/output.ts')).output,
  spawn: async () => (await import('./rows/spawn.ts')).spawnBench,
  cancel: async () => (await import('./rows/cancel.ts')).cancel,
  memory: async () => (await import('./rows/memory.ts')).memory,
  repeated: async () => (await import('./rows/repeated.ts')).repeated,
  recovery: async () => (await import('./rows/recovery.ts')).recovery,
  followers: async () => (await import('./rows/followers.ts')).followers,
  start: async () => (await import('./rows/start.ts')).start,
  lists: async () => (await import('./rows/lists.ts')).lists,
  records: async () => (await import('./rows/records.ts')).records,
  webhook: async () => (await import('./rows/webhook.ts')).webhook,
  crowd: async () => (await import('./rows/crowd.ts')).crowd,
  api: async () => (await import('./rows/api.ts')).api,
  deliveries: async () => (await import('./rows/deliveries.ts')).deliveries,
};

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(BENCHES).join(',') },
    pairs: { type: 'string', default: '9' },
    full: { type: 'boolean', default: false },
    json: { type: 'string' },
    /** Set for the process of one bench. */
    child: { type: 'string' },
  },
});

if (values.child === undefined) await measureAll(values.only.split(','));
else {
  // Nothing that it has started outlives who wanted to know.
  process.once('disconnect', () => process.exit(1));
  process.send?.(await measureOne(values.child), () => process.exit(0));
}

/** Measures what Belay adds to the work itself: ratios against the bare work, interleaved, on a RAM disk where there is one. */
async function measureAll(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));
  if (unknown.length > 0) throw new Error(`There is no bench ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}.`);
  const rows: Row[] = [];
  for (const name of names) {
    process.stderr.write(`${name}\n`);
    rows.push(...(await inProcess(name)));
  }
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${(totalmem() / 1024 ** 3).toFixed(0)} GiB, Node ${process.version}`;
  console.log(`${machine}, ${new Date().toISOString().slice(0, 10)}\n\n${table(rows)}`);
  if (values.json === undefined) return;
  await mkdir(dirname(values.json), { recursive: true });
  await writeFile(values.json, JSON.stringify({ machine, pairs: Number(values.pairs), full: values.full, rows }, undefined, 2));
}

async function inProcess(name: string): Promise<Row[]> {
  const options = ['--child', name, '--pairs', values.pairs, ...(values.full ? ['--full'] : [])];
  const child = fork(import.meta.filename, options, { execArgv: ['--expose-gc'] });
  let rows: Row[] | undefined;
  child.on('message', (message: Row[]) => (rows = message));
  await once(child, 'exit');
  if (!rows) throw new Error(`The bench ${name} ended without a result.`);
  return rows;
}

async function measureOne(name: string): Promise<Row[]> {
  const ramDisk = await access('/dev/shm', constants.W_OK).then(
    () => '/dev/shm',
    () => tmpdir(),
  );
  const folder = await mkdtemp(join(ramDisk, 'belay-bench-'));
  try {
    const bench = await BENCHES[name]?.();
    return (await bench?.({ folder, pairs: Number(values.pairs), full: values.full })) ?? [];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
