import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandName } from '../../src/contracts/constants.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import type { Script, ScriptTurn } from '../../src/engines/script.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { markedProcesses, sendSignal } from '../../src/process/process-table.ts';
import { cacheFolder } from '../../src/cache-folder.ts';
import { temporalCli } from './temporal-cli.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Under coverage the command line does without its compile cache; nothing else of what it takes to start has to be exact. */
const STRIPPED = ['--import', new URL('stripped-sources.mjs', import.meta.url).href];
const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url));
const POLL_MS = 25;
const PATIENCE_MS = 40_000;

/** A user of Belay: a home folder, and the command line as processes of their own. */
export interface BelayUser extends AsyncDisposable {
  /** A folder of their own; goes away with them. */
  readonly folder: string;
  /** Their BELAY_HOME. */
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs a command to its end. */
  belay(args: string[], options?: ProgramOptions): Promise<Ended>;
  /** Starts a command. */
  start(args: string[], options?: ProgramOptions): Program;
  /** Starts another program, by its path from src. */
  startProgram(file: string, options?: ProgramOptions, args?: string[]): Program;
  /** Starts `belay dev` and waits until it is ready. */
  dev(options?: ProgramOptions): Promise<Program>;
  /** A run's view as the ledger has it, or the newest run's. */
  view(id?: string): Promise<RunView>;
  /** Waits until a run's view is as wanted. */
  viewWhen(id: string, wanted: (view: RunView) => boolean): Promise<RunView>;
  /** Writes what the scripted engine plays, over a script that succeeds at once; gives the file's path. */
  script(turns: Partial<Record<CommandName, ScriptTurn[]>>, name?: string): Promise<string>;
  /** Every process that lives because of this user: commands, servers, agents. */
  processes(): Promise<number[]>;
}

export interface ProgramOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
}

export interface Ended {
  /** Null where a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A started program. Disposing ends it at once. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  readonly output: { readonly stdout: string; readonly stderr: string };
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** Waits until it has written what matches. Rejects when it ends before. */
  says(what: RegExp): Promise<RegExpExecArray>;
}

export interface BelayUserOptions {
  env?: Record<string, string>;
  /**
   * No coverage is taken of what they start, which then starts from Node's cache and in half the time: for tests of how processes die, not of
   * what they do.
   */
  uncovered?: boolean;
}

export async function belayUser({ env: given = {}, uncovered = false }: BelayUserOptions = {}): Promise<BelayUser> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryDirectory());
  const [home, mark] = [given['BELAY_HOME'] ?? join(folder, 'belay'), randomUUID()];
  const basic = { ...(await basicEnvironment(folder, mark)), ...(uncovered ? {} : coverageOf(process.env)) };
  const env = { ...basic, BELAY_HOME: home, BELAY_SCRIPT: join(folder, 'script.yml'), ...given };
  await mkdir(join(folder, 'user'));
  await writeScript(env.BELAY_SCRIPT, {});
  const processes = async (): Promise<number[]> =>
    (await Promise.all([`JOURNEY=${mark}`, `HOME=${home}`].map((each) => markedProcesses(each)))).flat();
  stack.defer(() => endAll(processes));
  const startProgram = (file: string, { cwd = folder, env: more = {} }: ProgramOptions = {}, args: string[] = []): Program =>
    start([join(SOURCE, file), ...args], cwd, { ...env, ...more });
  const user: Omit<BelayUser, keyof AsyncDisposable> = {
    folder,
    home,
    env,
    processes,
    startProgram,
    start: (args, options) => startProgram('cli.ts', options, args),
    belay: (args, options) => toTheEnd(startProgram('cli.ts', options, args), args),
    async dev(options) {
      const dev = user.start(['dev'], options);
      await dev.says(/Ready/);
      return dev;
    },
    async view(id) {
      await using ledger = await openLedger({ path: join(home, 'ledger.db') });
      const view = id === undefined ? (await ledger.listRuns({ limit: 1 }))[0] : await ledger.getRun(id);
      if (view) return view;
      throw new Error('There are no runs');
    },
    viewWhen: (id, wanted) =>
      eventually(async () => {
        const view = await user.view(id);
        return wanted(view) ? view : undefined;
      }, `the run ${id}`),
    script: (turns, name = 'script.yml') => writeScript(join(folder, name), turns),
  };
  const owned = stack.move();
  return { ...user, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const coverageOf = ({ NODE_V8_COVERAGE: folder }: NodeJS.ProcessEnv) => (folder ? { NODE_V8_COVERAGE: folder } : {});

/** As little of this process's environment as its children need; what they cache is shared with it. */
async function basicEnvironment(folder: string, mark: string) {
  const { path: cli } = await temporalCli();
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: join(folder, 'user'),
    XDG_CACHE_HOME: dirname(cacheFolder(process.env)),
    BELAY_TEMPORAL_CLI: cli,
    BELAY_ENGINE: 'scripted',
    // Tests make in seconds what people make in hours.
    BELAY_GITHUB_CALLS_PER_MINUTE: '10000',
    // More than the slots of all test files that run at once.
    BELAY_PORTS_BACKEND: '21000-21059',
    BELAY_PORTS_FRONTEND: '22000-22059',
    // A free one, whoever else has a `belay dev`.
    BELAY_API_PORT: '0',
    JOURNEY: mark,
  };
}

function start(args: string[], cwd: string, env: Record<string, string | undefined>): Program {
  const loading = env['NODE_V8_COVERAGE'] ? STRIPPED : [];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...loading, ...args], {
    cwd,
    // As `belay` does for itself; other programs do not.
    env: env['NODE_V8_COVERAGE'] ? env : { NODE_COMPILE_CACHE: join(cacheFolder(process.env), 'compiled'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = endOf(child).then((end) => ({ ...end, ...output }));
  return {
    pid: child.pid as number,
    output,
    ended,
    kill: (signal) => void child.kill(signal),
    says: (what) => said(what, output, ended),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** A command that does not end is killed before the test's own time is over, and says what it has said. */
async function toTheEnd(program: Program, args: string[]): Promise<Ended> {
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort();
    program.kill('SIGKILL');
  }, PATIENCE_MS);
  const ended = await program.ended;
  clearTimeout(timer);
  if (late.signal.aborted) throw new Error(`belay ${args.join(' ')} did not end:\n${ended.stdout}\n${ended.stderr}`);
  return ended;
}

/** By its exit, and what it has written until then: a background process may hold its output open. */
async function endOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Pick<Ended, 'exitCode' | 'signal'>> {
  const [exitCode, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { exitCode, signal };
}

async function said(what: RegExp, output: Program['output'], ended: Promise<Ended>): Promise<RegExpExecArray> {
  const all = (): string => `${output.stdout}\n${output.stderr}`;
  let over = false;
  void ended.then(() => (over = true));
  return eventually(
    async () => {
      const found = what.exec(all());
      if (!found && over) throw new Error(`It ended and has not said ${String(what)}:\n${all()}`);
      return found ?? undefined;
    },
    `${String(what)} in its output`,
    all,
  );
}

/** Polls until there is a value; fails after 40 s. */
export async function eventually<T>(probe: () => Promise<T | undefined>, what: string, state: () => string = () => ''): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${what}. ${state()}`);
    await sleep(POLL_MS);
  }
}

async function endAll(processes: () => Promise<number[]>): Promise<void> {
  await eventually(async () => {
    const left = await processes();
    for (const pid of left) sendSignal(pid, 'SIGKILL');
    return left.length === 0 ? true : undefined;
  }, 'the end of all processes');
}

/** Every command's turn succeeds; `implement` adds a file. */
const SMOOTH: Record<CommandName, ScriptTurn[]> = {
  classify: [{ json: { class: 'bug', reason: 'It is wrong.' } }],
  plan: [{ say: 'Write it down.' }],
  implement: [{ write: { 'done.txt': 'done\n' }, say: 'Done.', usage: usage(0.25) }],
  'test-results': [{ json: { tests: [] } }],
  'resolve-failed-test': [{ say: 'Mended.' }],
  review: [{ json: { passed: true, summary: 'Fine.', issues: [] } }],
  'resolve-review-issue': [{ say: 'Mended.' }],
  'resolve-conflict': [{ say: 'Resolved.' }],
  document: [{ say: 'Nothing to document.' }],
  'commit-message': [{ say: 'fix: write it down' }],
  'pull-request': [{ json: { title: 'Write it down', body: 'It was missing.' } }],
};

function usage(costUsd: number): NonNullable<ScriptTurn['usage']> {
  return { inputTokens: 100, outputTokens: 20, cacheReadTokens: 0, cacheWriteTokens: 0, costUsd };
}

async function writeScript(file: string, turns: Script): Promise<string> {
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ ...SMOOTH, ...turns }));
  return file;
}

/** The `done.txt` and such of a test: undefined where it is missing. */
export async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
