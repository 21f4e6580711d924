import { randomUUID } from 'node:crypto';
import { mkdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BelayError } from '../contracts/errors.ts';
import type { TestResult } from '../contracts/evidence.ts';
import type { ProcessTrees } from '../process/process-trees.ts';
import { resultOf, together } from './checks-result.ts';
import type { ChecksResult } from './checks-result.ts';
import { readIfThere } from './files.ts';
import { resolveInvocation } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { readReports, reportsIn } from './left-reports.ts';
import { runCommand } from './run-command.ts';
import type { CommandEnd } from './run-command.ts';
import type { LeftReport, OutputReader, Runner, TestReport } from './runner.ts';
import { runnerFor } from './runners.ts';
import { other } from './runners/other.ts';

export interface ChecksRequest {
  /** The runner is found anew from what the command starts by now; the one given here is for the record. */
  commands: readonly { command: string; runner: string }[];
  /** The workspace: the repository's root. */
  cwd: string;
  /** The folder in it where the commands run, as in a repository of many packages. Files are reported from the root all the same. */
  workingDirectory?: string;
  /** The complete environment. */
  env: Record<string, string>;
  /** For each command. */
  timeoutMs: number;
  /** Without output for this long, a command has stalled. */
  idleMs?: number;
  /** Where reports are written, outside the workspace. */
  reportDir: string;
  /** All output is appended here. */
  outputFile: string;
  run: ProcessTrees['run'];
  signal?: AbortSignal;
}

/** Runs the repository's own commands, one after the other, to the end even if one fails. The exit code is the truth, reports only explain it. */
export async function runChecks(request: ChecksRequest): Promise<ChecksResult> {
  const cwd = await folderOf(request);
  await mkdir(request.reportDir, { recursive: true });
  const results: ChecksResult[] = [];
  for (const { command } of request.commands) {
    const result = await runCheck({ ...request, cwd }, command);
    results.push(result);
    if (result.ended) break;
  }
  return fromRoot(together(results), request.workingDirectory ?? '');
}

async function folderOf({ cwd, workingDirectory = '' }: ChecksRequest): Promise<string> {
  const root = await realpath(cwd);
  const folder = await realpath(join(root, workingDirectory)).catch(() => undefined);
  if (folder !== undefined && (await stat(folder)).isDirectory() && (folder === root || folder.startsWith(`${root}/`))) return folder;
  throw new BelayError({
    code: 'settings_invalid',
    message: `The working directory ${workingDirectory}, set in .belay.yml, is no folder of the repository, or a link leads out of it.`,
    hint: 'Name another folder under `workingDirectory` on the base branch, or see with `belay open` what became of this one; then `belay retry`.',
  });
}

/** Commands stay as they are: they are for the same folder. */
function fromRoot(result: ChecksResult, folder: string): ChecksResult {
  const moved = (test: TestResult): TestResult => (test.file === undefined ? test : { ...test, file: join(folder, test.file) });
  return folder ? { ...result, failures: result.failures.map(moved), tests: result.tests.map(moved) } : result;
}

async function runCheck(request: ChecksRequest, command: string): Promise<ChecksResult> {
  const invocation = await resolveInvocation({ command, readFile: (path) => readIfThere(join(request.cwd, path)) });
  const runner = runnerFor(invocation.line);
  const notes: string[] = [];
  const reporting = { invocation, runner, notes };
  const ran = await runReporting(request, reporting);
  const report = await readReport(request, { ...reporting, ...ran });
  return resultOf({ command, line: invocation.line, ...ran, report, runner, notes, timeoutMs: request.timeoutMs });
}

interface Reporting {
  invocation: Invocation;
  runner: Runner;
  notes: string[];
}

interface Ran extends CommandEnd {
  reportFile: string;
  reader?: OutputReader | undefined;
  left: LeftReport[];
  /** It was to write a report. */
  asked: boolean;
}

/** What runners and package managers say of options that they do not know; Node exits with 9 for those in NODE_OPTIONS. */
const REFUSED =
  /is not allowed in NODE_OPTIONS|bad option: --test-reporter|unknown options? [`'"]?-{1,2}(reporter|outputFile|json)|Unrecognized option "(json|outputFile|reporter)"|unrecognized arguments: --junitxml|flag provided but not defined: -json/i;

/** Runs the command with a report, or plainly where an old runner refuses to write one. */
async function runReporting(request: ChecksRequest, { invocation, runner, notes }: Reporting): Promise<Ran> {
  const reportFile = join(request.reportDir, `report-${randomUUID()}`);
  const asked = runner.request({ invocation, reportFile, env: request.env });
  const { reader } = asked ?? {};
  const leaves = runner.leaves ?? (asked ? undefined : other.leaves);
  const before = leaves ? await reportsIn(request.cwd, leaves) : undefined;
  const start = (command: string, env: Record<string, string>, readBy?: OutputReader): Promise<CommandEnd> =>
    runCommand({ ...request, command, env, reader: readBy });

  const first = await start(asked?.command ?? invocation.command, { ...request.env, ...asked?.env }, reader);
  const refused = asked && first.end.reason === 'exited' && first.end.exitCode !== 0 && REFUSED.test(first.end.outputTail);
  if (!refused || (await readIfThere(reportFile)) !== undefined) {
    const holds = (path: string): boolean => runner.holds?.(path, first.output) ?? false;
    const left = leaves && before ? await readReports(request.cwd, { before, after: await reportsIn(request.cwd, leaves), holds }) : [];
    return { ...first, reportFile, reader, left, asked: asked !== undefined && runner.name !== 'unittest' };
  }
  notes.push(`${runner.name} writes no report here: \`${invocation.command}\` was run without.`);
  return { ...(await start(invocation.command, request.env)), reportFile, left: [], asked: false };
}

/** Nothing that a report says, or does not say, may fail the check. */
async function readReport({ cwd }: ChecksRequest, { runner, invocation, notes, ...ran }: Reporting & Ran): Promise<TestReport | undefined> {
  try {
    if (ran.reader) return await ran.reader.report({ invocation, cwd });
    const report = await readIfThere(ran.reportFile);
    if (report === undefined && ran.left.length === 0 && runner.name !== 'unittest') return undefined;
    // A runner that was not asked has told what it told in a way of its own.
    const reading = ran.left.length > 0 && !runner.leaves ? other : runner;
    return await reading.parse({ invocation, report: report ?? '', output: ran.output, cwd, left: ran.left });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    notes.push(`The report of \`${invocation.command}\` could not be read: ${reason.slice(0, 200)}`);
    return undefined;
  }
}
