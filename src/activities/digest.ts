import type { Classification, Review } from '../contracts/agent-outputs.ts';
import { plainLine } from '../contracts/text.ts';
import type { ReviewDigest } from '../contracts/work.ts';
import type { Command } from '../prompts/prompt.ts';

/** More blockers than this are not mended one by one; the next review finds the rest. */
const MAX_BLOCKERS = 20;

/** What the workflow decides by, and no more: the answer itself stays with the artifact. */
export function digestOf(output: Command['output'], json: unknown): Classification | ReviewDigest | undefined {
  if (output === 'classify') {
    const { class: issueClass, reason } = json as Classification;
    return { class: issueClass, reason: plainLine(reason, 300) };
  }
  return output === 'review' ? reviewDigest(json as Review) : undefined;
}

function reviewDigest({ issues }: Review): ReviewDigest {
  const blockers = issues.flatMap(({ severity, title }, index) =>
    severity === 'blocker' ? [{ index, title: plainLine(title, 150) }] : [],
  );
  return { blockers: blockers.slice(0, MAX_BLOCKERS), others: issues.length - blockers.length };
}
