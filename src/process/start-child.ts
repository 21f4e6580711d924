import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/** A program to start, in a session and group of its own: a terminal's Ctrl-C is for us alone, and the group can be signalled. */
export interface ChildCommand {
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  /** Written to standard input, which is then closed; without it there is none. */
  stdin?: string | undefined;
  /** It writes a report to file descriptor 3. */
  reports?: boolean | undefined;
}

export type ChildStream = 'stdout' | 'stderr' | 'report';

export type OnData = (chunk: Buffer, stream: ChildStream) => void;

export interface ChildExit {
  exitCode: number | null;
  signal?: string;
}

/** A child process that has been started, by this process or by its helper. Disposed of, nothing of its output is delivered any more. */
export interface Child extends Disposable {
  readonly pid: number;
  readonly hasExited: boolean;
  /** Rejects with helper_lost where that is not to be known any more. */
  readonly exited: Promise<ChildExit>;
  /** Has its output delivered from here on; nothing of it is lost until then. Once. */
  listen(onData: OnData): void;
  /** All of its output has been delivered. */
  readonly closed: Promise<void>;
  /** Nothing more comes from there. */
  hasEnded(stream: ChildStream): boolean;
}

/** Rejects where the system cannot start it. */
export type StartChild = (command: ChildCommand) => Promise<Child>;

/** Starts a child of this very process. */
export const startChild: StartChild = async (command) => {
  const child = spawnCommand(command);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const streams = streamsOf(child);
  for (const readable of streams.values()) readable.on('error', () => {});
  const exited = exitOf(child);
  await spawned(child);
  return {
    pid: child.pid ?? 0,
    exited,
    closed,
    listen: (onData) => streams.forEach((readable, stream) => readable.on('data', (chunk: Buffer) => onData(chunk, stream))),
    get hasExited() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    hasEnded: (stream) => streams.get(stream)?.readableEnded !== false || streams.get(stream)?.destroyed === true,
    [Symbol.dispose]: () => streams.forEach((readable) => readable.destroy()),
  };
};

export function spawnCommand({ file, args, cwd, env, stdin, reports }: ChildCommand): ChildProcess {
  const child = spawn(file, args, {
    cwd,
    env,
    detached: true,
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(reports ? (['pipe'] as const) : [])],
  });
  // A child that ends without reading its input is its own affair.
  child.stdin?.on('error', () => {});
  child.stdin?.end(stdin);
  return child;
}

/** By the names that listeners know. */
export function streamsOf({ stdout, stderr, stdio }: ChildProcess): Map<ChildStream, Readable> {
  const report = stdio[3];
  return new Map(
    Object.entries({ stdout, stderr, report }).flatMap(([name, stream]) => (stream ? [[name as ChildStream, stream as Readable]] : [])),
  );
}

export function exitOf(child: ChildProcess): Promise<ChildExit> {
  return new Promise((resolve) => child.once('exit', (exitCode, signal) => resolve({ exitCode, ...(signal && { signal }) })));
}

/** Rejects where it was not. */
export function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => child.once('spawn', () => resolve()).on('error', reject));
}
