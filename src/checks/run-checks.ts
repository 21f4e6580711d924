import { randomUUID } from 'node:crypto';
import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { BelayError } from '../contracts/errors.ts';
import type { ProcessTrees } from '../process/process-trees.ts';
import { resultOf, together } from './checks-result.ts';
import type { ChecksResult } from './checks-result.ts';
import { readFrom, readIfThere, sizeOf } from './files.ts';
import { resolveInvocation } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import type { Runner, TestReport } from './runner.ts';
import { runnerFor } from './runners.ts';

export interface ChecksRequest {
  /** The runner is found anew from what the command starts by now; the one given here is for the record. */
  commands: readonly { command: string; runner: string }[];
  /** The workspace: the repository's root. */
  cwd: string;
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
  const cwd = await realpath(request.cwd);
  await mkdir(request.reportDir, { recursive: true });
  const results: ChecksResult[] = [];
  for (const { command } of request.commands) {
    const result = await runCheck({ ...request, cwd }, command);
    results.push(result);
    if (result.ended) break;
  }
  return together(results);
}

async function runCheck(request: ChecksRequest, command: string): Promise<ChecksResult> {
  const invocation = await resolveInvocation({ command, readFile: (path) => readIfThere(join(request.cwd, path)) });
  const runner = runnerFor(invocation.line);
  const notes: string[] = [];
  const { end, reportFile, output } = await runReporting(request, { invocation, runner, notes });
  const report = await readReport({ runner, invocation, reportFile, output, cwd: request.cwd, notes });
  return resultOf({ command, end, output, report, runner, notes, timeoutMs: request.timeoutMs });
}

interface Reporting {
  invocation: Invocation;
  runner: Runner;
  notes: string[];
}

/** What runners and package managers say of options that they do not know; Node exits with 9 for those in NODE_OPTIONS. */
const REFUSED =
  /is not allowed in NODE_OPTIONS|bad option: --test-reporter|unknown options? [`'"]?-{1,2}(reporter|outputFile|json)|Unrecognized option "(json|outputFile|reporter)"|unrecognized arguments: --junitxml/i;

/** Runs the command with a report, or plainly where an old runner refuses to write one. */
async function runReporting(request: ChecksRequest, { invocation, runner, notes }: Reporting) {
  const reportFile = join(request.reportDir, `report-${randomUUID()}`);
  const asked = runner.request({ invocation, reportFile, env: request.env });
  const first = await runCommand(request, asked?.command ?? invocation.command, { ...request.env, ...asked?.env });
  const refused = asked && first.end.reason === 'exited' && first.end.exitCode !== 0 && REFUSED.test(first.end.outputTail);
  if (!refused || (await readIfThere(reportFile)) !== undefined) return { ...first, reportFile };
  notes.push(`${runner.name} writes no report here: \`${invocation.command}\` was run without.`);
  return { ...(await runCommand(request, invocation.command, request.env)), reportFile };
}

async function runCommand(
  { run, cwd, timeoutMs, idleMs, outputFile, signal }: ChecksRequest,
  command: string,
  env: Record<string, string>,
) {
  const start = await sizeOf(outputFile);
  const end = await run({
    file: '/bin/sh',
    args: ['-c', command],
    cwd,
    env,
    totalMs: timeoutMs,
    outputFile,
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(signal ? { signal } : {}),
  });
  if (end.reason === 'not_found') {
    throw new BelayError({
      code: 'internal',
      message: `/bin/sh could not be started in ${cwd} for \`${command}\`.`,
      hint: 'Run `belay doctor`.',
    });
  }
  return { end, output: stripVTControlCharacters((await readFrom(outputFile, start)) ?? end.outputTail) };
}

interface ReadReportInput {
  runner: Runner;
  invocation: Invocation;
  reportFile: string;
  output: string;
  cwd: string;
  notes: string[];
}

/** Nothing that a report says, or does not say, may fail the check. */
async function readReport({ runner, invocation, reportFile, output, cwd, notes }: ReadReportInput): Promise<TestReport | undefined> {
  const report = await readIfThere(reportFile);
  if (report === undefined && runner.name !== 'unittest') return undefined;
  try {
    return await runner.parse({ invocation, report: report ?? '', output, cwd });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    notes.push(`The report of \`${invocation.command}\` could not be read: ${reason.slice(0, 200)}`);
    return undefined;
  }
}
