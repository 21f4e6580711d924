import { AsyncLocalStorage } from 'node:async_hooks';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { findExecutable } from './executable.ts';
import type { Forbidden } from './concealed-stream.ts';
import type { Isolation } from './isolation.ts';
import { ProcessOutput } from './output.ts';
import { BOOT_MARK, TREE_MARK, descendants, endMarked, markedProcesses, processTable, sendSignal } from './process-table.ts';
import type { ProcessEnd, ProcessRequest } from './process-request.ts';
import type { Child, ChildExit, StartChild } from './start-child.ts';
import type { Bounds } from './process-trees.ts';

/** How long a pipe may stay open after the tree is dead: somebody that escaped us holds it. */
const DRAIN_MS = 1000;
/** The longest timer that Node has. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface ChildOptions {
  bootId: string;
  treeId: string;
  graceMs: number;
  isolation: Isolation;
  bounds: Bounds | undefined;
  start: StartChild;
  forbidden: Forbidden | undefined;
}

type Ending = Exclude<ProcessEnd['reason'], 'not_found'>;

/** Runs one child and its tree to the end. */
export async function runChild(request: ProcessRequest, options: ChildOptions): Promise<ProcessEnd> {
  const started = performance.now();
  const { cwd, env, signal } = request;
  if (!(await isFolder(cwd))) throw new Error(`The folder to work in is missing: ${cwd}`);
  const program = findExecutable(request.file, { path: env['PATH'], cwd });
  using output = new ProcessOutput(request, options.forbidden);
  const end = (outcome: Pick<ProcessEnd, 'reason' | 'exitCode'> & Partial<ProcessEnd>): ProcessEnd => {
    return { ...output.tails(), ...outcome, durationMs: Math.round(performance.now() - started) };
  };
  if (!program) return end({ reason: 'not_found', exitCode: null });
  if (signal?.aborted) return end({ reason: 'cancelled', exitCode: null });

  const workspace = options.bounds?.workspaceOf(cwd);
  const { reports, ...wrapped } = options.isolation.wrap(program, request.args);
  using share = workspace === undefined ? undefined : options.bounds?.processors?.take(workspace, wrapped);
  const { file, args } = share ?? wrapped;
  const marks = { [BOOT_MARK]: options.bootId, [TREE_MARK]: options.treeId };
  using child = await options.start({ file, args, cwd, env: { ...env, ...marks }, stdin: request.stdin, reports });
  const follower = options.isolation.follow?.();
  using watch = watchLimits({ request, output, endTree: () => endTree(child, options), killGroup: () => killGroup(child) });
  // What the helper hears comes in its own context: whoever is told of it is in that of who asked for the child.
  const hear = AsyncLocalStorage.bind((chunk: Buffer, stream: 'stdout' | 'stderr' | 'report') =>
    stream === 'report' ? follower?.hear(chunk) : push(chunk, { stream, output, fail: watch.fail }),
  );
  child.listen(hear);
  using memory = followMemory(child, { workspace, options, end: watch.fail });
  const exit = await exitOf(child, options);
  // What has come to its end is not ended for its memory any more.
  memory?.[Symbol.dispose]();
  const reason = watch.ending ?? 'exited';
  watch[Symbol.dispose]();
  const isGone = follower && (() => follower.isGone(() => child.hasEnded('report')));
  const { survivors } = await endLeftovers(child, { treeId: options.treeId, isGone });
  await Promise.race([child.closed, sleep(DRAIN_MS, undefined, { ref: false })]);
  output.finish(watch.fail);
  if (watch.failure) throw watch.failure.error;
  return end({ ...exit, reason, ...(survivors.length > 0 && { survivors }) });
}

interface Following {
  workspace: string | undefined;
  options: ChildOptions;
  end: (reason: unknown) => void;
}

function followMemory({ pid }: Child, { workspace, options: { bounds, isolation, treeId }, end }: Following): Disposable | undefined {
  if (workspace === undefined) return undefined;
  // In a namespace orphans stay below its first process; elsewhere only their mark tells whose they are.
  const mark = isolation.name === 'namespace' ? {} : { mark: `${TREE_MARK}=${treeId}` };
  return bounds?.memory.follow({ workspace, root: pid, ...mark }, end);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Where how it ended is not to be known any more, nothing of the tree may be left: its work is done again. */
async function exitOf(child: Child, { treeId }: ChildOptions): Promise<ChildExit> {
  try {
    return await child.exited;
  } catch (error) {
    await endMarked(`${TREE_MARK}=${treeId}`);
    throw error;
  }
}

interface Pushing {
  stream: 'stdout' | 'stderr';
  output: ProcessOutput;
  fail: (error: unknown) => void;
}

function push(chunk: Buffer, { stream, output, fail }: Pushing): void {
  try {
    output.push(chunk, stream);
  } catch (error) {
    fail(error);
  }
}

interface WatchOptions {
  request: ProcessRequest;
  output: ProcessOutput;
  endTree: () => Promise<void>;
  /** The last resort, when `endTree` itself fails. */
  killGroup: () => void;
}

interface Watch extends Disposable {
  /** Why we ended the tree, if we did. */
  readonly ending: Ending | undefined;
  readonly failure: { error: unknown } | undefined;
  fail(this: void, error: unknown): void;
}

/** Ends the tree, once, when a limit is passed, on the signal, or when reading the output failed. */
function watchLimits({ request, output, endTree, killGroup }: WatchOptions): Watch {
  const { idleMs, totalMs, signal } = request;
  let ending: Ending | undefined;
  let failure: { error: unknown } | undefined;
  const finish = (reason: Ending): void => {
    if (ending || failure) return;
    ending = reason;
    endTree().catch((error: unknown) => {
      failure = { error };
      killGroup();
    });
  };
  const fail = (error: unknown): void => {
    if (failure) return;
    finish('cancelled');
    failure = { error };
  };
  const cancel = (): void => finish('cancelled');
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted) cancel();
  const total = totalMs === undefined ? undefined : setTimeout(() => finish('timed_out'), Math.min(totalMs, MAX_TIMER_MS));
  const idle = idleMs === undefined ? undefined : onIdle(idleMs, { output, act: () => finish('stalled') });
  return {
    get ending() {
      return ending;
    },
    get failure() {
      return failure;
    },
    fail,
    [Symbol.dispose]() {
      clearTimeout(total);
      idle?.[Symbol.dispose]();
      signal?.removeEventListener('abort', cancel);
    },
  };
}

/** One timer that is set anew when it fires early, instead of one for every chunk. */
function onIdle(idleMs: number, { output, act }: { output: ProcessOutput; act: () => void }): Disposable {
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const leftMs = output.lastAt + idleMs - performance.now();
    timer = setTimeout(() => (output.lastAt + idleMs <= performance.now() ? act() : arm()), Math.min(Math.max(leftMs, 1), MAX_TIMER_MS));
  };
  arm();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** SIGTERM to the tree, and after the grace SIGKILL. `endLeftovers` follows when the child itself is gone. */
async function endTree(child: Child, { treeId, graceMs, isolation }: ChildOptions): Promise<void> {
  const root = child.pid;
  const members = async (): Promise<number[]> => {
    const table = await processTable();
    return [...new Set([root, ...descendants(table, root), ...(await markedProcesses(`${TREE_MARK}=${treeId}`))])];
  };
  const kill = async (): Promise<void> => (await members()).forEach((pid) => sendSignal(pid, 'SIGKILL'));

  const keepers = isolation.keepers(await processTable(), root);
  const gentle = (await members()).filter((pid) => !keepers.includes(pid));
  for (const pid of gentle) sendSignal(pid, 'SIGTERM');
  if (gentle.length > 0) await untilExit(child, graceMs);
  if (!child.hasExited) await kill();
}

async function untilExit(child: Child, ms: number): Promise<void> {
  if (child.hasExited) return;
  const done = new AbortController();
  const exited = child.exited.catch(() => {}).finally(() => done.abort());
  await Promise.race([exited, sleep(ms, undefined, { signal: done.signal }).catch(() => {})]);
}

interface Leftovers {
  treeId: string;
  isGone: (() => Promise<boolean>) | undefined;
}

/** What the child left running: its group, and what carries the tree's mark in any session. Not looked for where the kernel has ended it. */
async function endLeftovers(child: Child, { treeId, isGone }: Leftovers): Promise<{ survivors: number[] }> {
  killGroup(child);
  if (await isGone?.()) return { survivors: [] };
  return endMarked(`${TREE_MARK}=${treeId}`);
}

const killGroup = ({ pid }: Child): void => sendSignal(-pid, 'SIGKILL');
