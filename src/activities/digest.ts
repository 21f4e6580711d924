import type { Classification, Review, TestResults } from '../contracts/agent-outputs.ts';
import { plainLine } from '../contracts/text.ts';
import type { TestResultsDigest } from '../contracts/checks.ts';
import type { ReviewDigest } from '../contracts/work.ts';
import type { Command } from '../prompts/prompt.ts';

/** More blockers than this are not mended one by one; the next review finds the rest. */
const MAX_BLOCKERS = 20;

/** What the workflow decides by, and no more: the answer itself stays with the artifact. */
export function digestOf(output: Command['output'], json: unknown): Classification | ReviewDigest | TestResultsDigest | undefined {
  if (output === 'classify') {
    const { class: issueClass, reason } = json as Classification;
    return { class: issueClass, reason: plainLine(reason, 300) };
  }
  if (output === 'test-results') return testResultsDigest(json as TestResults);
  return output === 'review' ? reviewDigest(json as Review) : undefined;
}

/** More failures than this are not fixed one by one in one attempt. */
const MAX_FAILURES = 20;
/** Words without any meaning to a shell: the agent has read them in the output of the repository's code. */
const PLAIN_WORDS = /^[\w@%+=:,./ -]{1,600}$/;

function testResultsDigest({ tests }: TestResults): TestResultsDigest {
  const failures = tests.flatMap(({ name, file, passed, command }, index) =>
    passed
      ? []
      : [
          {
            index,
            name: plainLine(name, 300),
            ...(file ? { file: plainLine(file, 300) } : {}),
            ...(command && PLAIN_WORDS.test(command) ? { command } : {}),
          },
        ],
  );
  return { failures: failures.slice(0, MAX_FAILURES) };
}

function reviewDigest({ issues }: Review): ReviewDigest {
  const blockers = issues.flatMap(({ severity, title }, index) =>
    severity === 'blocker' ? [{ index, title: plainLine(title, 150) }] : [],
  );
  return { blockers: blockers.slice(0, MAX_BLOCKERS), others: issues.length - blockers.length };
}
