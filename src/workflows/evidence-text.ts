import type { Evidence, SomeTests } from '../contracts/evidence.ts';

/** What Belay itself has run, for the agents that judge or describe the work. */
export function evidenceText(evidence: Evidence | undefined): string {
  if (!evidence) return 'No tests were run.';
  const { command, exitCode, knownFailures, noTests } = evidence;
  if (noTests) return `\`${command}\` found no test to run (exit code ${exitCode}): nothing was tested.`;
  if (!knownFailures) return `\`${command}\` passed (exit code ${exitCode}) on this tree.`;
  return `\`${command}\` fails (exit code ${exitCode}) on this tree, and does so on the base without this change: ${namesOf(knownFailures)}. No other test fails.`;
}

/** The first of the names, and that there are more. */
export const namesOf = ({ count, names }: SomeTests): string => `${names.join(', ')}${count > names.length ? ', …' : ''}`;
