import { isCancellation, log } from '@temporalio/workflow';
import type { FailureRef, TestResultsDigest } from '../contracts/checks.ts';
import type { PromptValue } from '../contracts/work.ts';
import type { Checked } from './checking.ts';
import { Overtime, ParkRequest, troubleOf } from './failures.ts';
import type { Run } from './run.ts';

/** A failure with its error. */
export interface FailureToFix extends FailureRef {
  error: PromptValue;
}

/** The failures of a check, one by one. A log that names them only in words is read by the agent. */
export async function failuresToFix(run: Run, checked: Checked): Promise<FailureToFix[]> {
  const { evidence, failures, unnamed } = checked;
  const listed = unnamed ? await listedByAgent(run, checked) : [];
  if (listed.length > 0) return listed;
  return failures.map((failure) => ({
    ...failure,
    error: { artifact: evidence.artifactId as string, pick: ['failures', failure.index, 'error'] },
  }));
}

/** A help for fixing and nothing more: whether the check passed is for its exit code alone to say. */
async function listedByAgent(run: Run, { evidence: { artifactId = '', command, exitCode } }: Checked): Promise<FailureToFix[]> {
  try {
    const { artifactId: artifact, json } = await run.agent('test-results', {
      command: { text: command },
      exit_code: { text: String(exitCode ?? 'none: it was ended') },
      output: { artifact: artifactId, pick: ['outputTail'] },
    });
    const { settings } = await run.position();
    const suites = settings.checks.map((check) => check.command);
    return (json as TestResultsDigest).failures.map((failure) => ({
      ...withSafeCommand(failure, suites),
      error: { artifact, pick: ['tests', failure.index, 'error'] },
    }));
  } catch (error) {
    if (isCancellation(error) || error instanceof ParkRequest || error instanceof Overtime) throw error;
    log.warn('The log of the tests could not be read by the agent; the command stands for its failures', { trouble: troubleOf(error) });
    return [];
  }
}

/** Belay runs no command that an agent has read in an output, but the repository's own with more plain words behind it. */
function withSafeCommand({ command, ...failure }: FailureRef, suites: readonly string[]): FailureRef {
  const isSafe = command !== undefined && suites.some((suite) => command === suite || command.startsWith(`${suite} `));
  return { ...failure, ...(isSafe ? { command } : {}) };
}
