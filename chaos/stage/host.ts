import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BelayUser, Program } from '../../test/support/cli.ts';
import { treeOf } from '../oracles/processes.ts';
import { until } from '../until.ts';

/** One start of a worker on a host. */
export interface Worker {
  /** The host's letter and a number: the first worker of host `a` is `a1`. */
  readonly label: string;
  readonly pid: number;
  /** The boot it gave itself; its task queue ends in it. Undefined when it did not come so far. */
  readonly boot: string | undefined;
  readonly output: Program['output'];
  readonly ended: Program['ended'];
  readonly over: boolean;
  signal(name: NodeJS.Signals): void;
  /** Waits until it serves runs. */
  ready(): Promise<void>;
  kill(): Promise<void>;
  /** Stops (SIGSTOP) or continues (SIGCONT) it with everything below it. */
  freeze(): void;
  thaw(): void;
}

/** A host: a BELAY_HOME with at most one worker at a time. */
export interface Host {
  readonly name: string;
  readonly user: BelayUser;
  readonly workers: readonly Worker[];
  /** Does not wait until it serves. */
  launch(env?: Record<string, string>): Worker;
  start(env?: Record<string, string>): Promise<Worker>;
  /** Starts another worker if the newest has ended. */
  keepUp(): Promise<void>;
  /** Stops the newest worker as a service manager does. */
  stop(): Promise<void>;
  /** Nothing is left of its home. */
  forget(): Promise<void>;
  /** The newest worker. */
  readonly worker: Worker;
}

export interface HostOptions {
  name: string;
  user: BelayUser;
  /** A token of the forge for this start. */
  admit: (label: string) => string;
  /** What is started, from `src`, and its arguments. */
  program: string;
  args: string[];
  env: Record<string, string>;
}

const READY_MS = 120_000;
/** A worker that cannot go on has ended by then. */
const SETTLE_MS = 1000;
const STOP_MS = 60_000;

export function createHost({ name, user, admit, program, args, env }: HostOptions): Host {
  const workers: Worker[] = [];
  const boots = new Set<string>();
  const host: Host = {
    name,
    user,
    workers,
    launch(more = {}) {
      const label = `${name}${workers.length + 1}`;
      const started = user.startProgram(program, { env: { ...env, ...more, GITHUB_TOKEN: admit(label) } }, args);
      const worker = workerOf({ label, home: user.home, program: started, boots });
      workers.push(worker);
      return worker;
    },
    async start(more) {
      const worker = host.launch(more);
      await worker.ready();
      return worker;
    },
    async keepUp() {
      await sleep(SETTLE_MS);
      if (host.worker.over) await host.start();
    },
    forget: () => rm(user.home, { recursive: true, force: true, maxRetries: 5 }),
    async stop() {
      const newest = workers.at(-1);
      if (!newest || newest.over) return;
      newest.signal('SIGTERM');
      const late = setTimeout(() => newest.signal('SIGKILL'), STOP_MS);
      await newest.ended;
      clearTimeout(late);
    },
    get worker() {
      const newest = workers.at(-1);
      if (!newest) throw new Error(`No worker was started on host ${name}.`);
      return newest;
    },
  };
  return host;
}

interface NewWorker {
  label: string;
  home: string;
  program: Program;
  /** Boots of earlier workers: the file may still be theirs. */
  boots: Set<string>;
}

function workerOf({ label, home, program, boots }: NewWorker): Worker {
  let boot: string | undefined;
  let frozen: number[] = [];
  const noteBoot = async (): Promise<void> => {
    const text = (await readFile(join(home, 'boot'), 'utf8').catch(() => '')).trim();
    if (boot !== undefined || text === '' || boots.has(text)) return;
    boot = text;
    boots.add(text);
  };
  let over = false;
  void program.ended.then(() => (over = true));
  return {
    label,
    pid: program.pid,
    get boot() {
      return boot;
    },
    output: program.output,
    ended: program.ended,
    get over() {
      return over;
    },
    signal: (name) => program.kill(name),
    async ready() {
      await until({ what: `worker ${label}`, ms: READY_MS }, async () => {
        const { stdout, stderr } = program.output;
        if (/Worker started/.test(stdout + stderr)) return true;
        if (over) throw new Error(`Worker ${label} ended before it served:\n${stdout}${stderr}`);
        return undefined;
      });
      await noteBoot();
    },
    async kill() {
      await noteBoot();
      program.kill('SIGKILL');
      await program.ended;
    },
    freeze() {
      frozen = treeOf(program.pid);
      for (const pid of frozen) signalTo(pid, 'SIGSTOP');
    },
    thaw() {
      for (const pid of frozen) signalTo(pid, 'SIGCONT');
      frozen = [];
    },
  };
}

function signalTo(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
