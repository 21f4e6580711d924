import path from 'node:path';
import { runChecks } from '../checks/run-checks.ts';
import type { ChecksResult } from '../checks/checks-result.ts';
import { signatureOf, isUnnamed } from '../checks/report.ts';
import type { CheckReport, ListedTest } from '../checks/report.ts';
import type { SomeTests } from '../contracts/evidence.ts';
import { plainLine } from '../contracts/text.ts';
import type { ChecksInput, ChecksOutcome, FailureRef } from '../contracts/checks.ts';
import { leftBy } from '../run-files/run-files.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import type { Dependencies } from './dependencies.ts';
import { environmentOf } from './environment.ts';
import type { Holding } from './holdings.ts';
import { recordOutput, unwritten } from './journal.ts';
import { artifactText } from './prompt-values.ts';

/** More failures than this are not fixed one by one in one attempt. */
const MAX_FAILURES = 20;
const MAX_NAME = 300;
/** Names that are shown to people. */
const MAX_SHOWN = 5;
const MAX_SHOWN_NAME = 100;

/** Runs commands on exactly this commit. What they leave behind is removed. */
export async function checkCommit(
  deps: Dependencies,
  holding: Holding,
  { step, commands, checkpoint, timeoutMs }: ChecksInput,
  signal: AbortSignal,
): Promise<ChecksResult> {
  const { worktree } = holding;
  if (holding.at !== checkpoint) await worktree.restore(checkpoint);
  holding.at = undefined;
  const output = { ...leftBy(step), kind: 'log', name: `${step.name}.log` } as const;
  const result = await runChecks({
    commands,
    timeoutMs,
    signal,
    cwd: worktree.path,
    ...withoutUndefined({ workingDirectory: holding.settings.workingDirectory }),
    env: environmentOf(deps, holding, step),
    reportDir: path.join(deps.files.directory(step.lease.runId), 'evidence', `${String(step.number).padStart(3, '0')}-${step.name}`),
    outputFile: deps.files.artifactPath(output),
    run: (request) => deps.processes.run(request),
  });
  signal.throwIfAborted();
  await recordOutput(deps, output).catch(unwritten('The record of what the tests said'));
  if (!(await worktree.isAt(checkpoint))) await worktree.restore(checkpoint);
  holding.at = checkpoint;
  return result;
}

/** Several commands in one line, for people and as a key. */
export const commandOf = (commands: ChecksInput['commands']): string => commands.map(({ command }) => command).join(' && ');

/** The report that an earlier check of this run left. */
export const reportAt = async (deps: Dependencies, artifact: string): Promise<CheckReport> =>
  JSON.parse(await artifactText(deps, artifact)) as CheckReport;

/** Of a report's failures, those that the workflow decides by; `places` are all of them, unless said. */
export function failuresOf(
  { failures }: Pick<CheckReport, 'failures'>,
  places: readonly number[] = failures.map((_, index) => index),
): Pick<ChecksOutcome, 'failures' | 'unnamed' | 'signature'> {
  const chosen = places.flatMap((index) => failures[index] ?? []);
  return {
    failures: places.slice(0, MAX_FAILURES).flatMap((index) => refOf(failures, index)),
    unnamed: chosen.length > 0 && chosen.every(isUnnamed),
    signature: signatureOf(chosen),
  };
}

function refOf(failures: CheckReport['failures'], index: number): FailureRef[] {
  const failure = failures[index];
  if (!failure) return [];
  const { name, file, command } = failure;
  return [
    {
      index,
      name: plainLine(name, MAX_NAME),
      ...(file ? { file: plainLine(file, MAX_NAME) } : {}),
      // A cut command would run something else.
      ...(command && command.length <= 2 * MAX_NAME ? { command } : {}),
    },
  ];
}

export const someOf = (tests: readonly Pick<ListedTest, 'name'>[]): SomeTests => ({
  count: tests.length,
  names: tests.slice(0, MAX_SHOWN).map(({ name }) => plainLine(name, MAX_SHOWN_NAME)),
});
