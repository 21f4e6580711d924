import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BelayError } from '../contracts/errors.ts';
import type { NamespaceFollower } from './namespace-end.ts';
import { REPORT_ARGS, followNamespace } from './namespace-end.ts';
import type { ProcessInfo } from './process-table.ts';

export type IsolationName = 'namespace' | 'reaper';

/** What makes a tree end with this process. */
export interface Isolation extends AsyncDisposable {
  readonly name: IsolationName;
  /** `reports`: it wants a pipe as file descriptor 3. */
  wrap(file: string, args: readonly string[]): { file: string; args: string[]; reports?: true };
  /** Follows a tree that is about to be started, by its report. */
  follow?(): NamespaceFollower;
  /** Processes of ours around the child, which must not get its SIGTERM. */
  keepers(table: readonly ProcessInfo[], root: number): number[];
}

const BWRAP_PATHS = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap', '/run/current-system/sw/bin/bwrap'];
/** The whole file system as it is, its own process numbers, and death with the parent. */
const BWRAP_ARGS = ['--dev-bind', '/', '/', '--proc', '/proc', '--unshare-pid', '--die-with-parent'];
const PROBE_EXIT_CODE = 42;

export interface IsolationOptions {
  bootId: string;
  isolation?: IsolationName | 'auto';
  bwrapPath?: string;
}

/** Takes what was asked for, or the best that works here. */
export async function chooseIsolation({ bootId, isolation = 'auto', bwrapPath }: IsolationOptions): Promise<Isolation> {
  if (isolation === 'reaper') return startReaper(bootId);
  const bwrap = bwrapPath ?? BWRAP_PATHS.find((path) => existsSync(path));
  if (bwrap && (await bwrapWorks(bwrap))) return namespace(bwrap);
  if (isolation === 'auto') return startReaper(bootId);
  throw new BelayError({
    code: 'configuration_invalid',
    message: `Process namespaces were asked for, but ${bwrap ? `${bwrap} cannot make one here` : 'bubblewrap is not installed'}`,
    hint: 'Install bubblewrap (apt install bubblewrap) and allow user namespaces, or leave the choice to Belay.',
  });
}

/** Linux: the kernel ends everything in the namespace with its first process, whatever session or environment it has. */
function namespace(bwrap: string): Isolation {
  return {
    name: 'namespace',
    wrap: (file, args) => ({ file: bwrap, args: [...BWRAP_ARGS, ...REPORT_ARGS, '--', file, ...args], reports: true }),
    follow: followNamespace,
    keepers: (table, root) => [root, ...table.filter(({ ppid }) => ppid === root).map(({ pid }) => pid)],
    async [Symbol.asyncDispose]() {},
  };
}

/** Containers often have bubblewrap but no right to use it: only trying tells. */
async function bwrapWorks(bwrap: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(bwrap, [...BWRAP_ARGS, '--', '/bin/sh', '-c', `exit ${PROBE_EXIT_CODE}`], { timeout: 5000, env: {} }, (error) => {
      resolve(error?.code === PROBE_EXIT_CODE);
    });
  });
}

/**
 * Everywhere else: a process that outlives this one and then kills what carries its mark. Best effort: a descendant that
 * clears its environment and leaves its session escapes, and on macOS so do Apple's own programs.
 */
async function startReaper(bootId: string): Promise<Isolation> {
  const program = fileURLToPath(new URL(`./reaper${extname(import.meta.url)}`, import.meta.url));
  // Its own session, so that Ctrl-C in a terminal does not end it before those it watches.
  const reaper = spawn(process.execPath, [program, bootId], { stdio: ['pipe', 'pipe', 'ignore'], env: {}, cwd: '/', detached: true });
  await reaperReady(reaper);
  reaper.unref();
  return {
    name: 'reaper',
    wrap: (file, args) => ({ file, args: [...args] }),
    keepers: () => [],
    async [Symbol.asyncDispose]() {
      if (reaper.exitCode !== null || reaper.signalCode !== null) return;
      reaper.ref();
      const exited = once(reaper, 'exit');
      reaper.stdin?.end();
      await exited;
    },
  };
}

async function reaperReady(reaper: ChildProcess): Promise<void> {
  const { stdin, stdout } = reaper;
  if (!stdin || !stdout) throw new Error('The reaper has no pipes');
  // It says one word when it watches; an early end shows as the end of this stream.
  const [word] = (await Promise.race([once(stdout, 'data'), once(stdout, 'end'), once(reaper, 'error')])) as unknown[];
  if (!Buffer.isBuffer(word)) throw new Error('The reaper did not start', { cause: word });
  stdout.destroy();
  // Nothing is ever written, and its death is no reason for ours.
  stdin.on('error', () => {});
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
}
