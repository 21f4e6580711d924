import { plainLine } from '../contracts/text.ts';
import type { ReadIssueInput, ReadIssueOutcome } from '../contracts/work.ts';
import { issueText } from '../texts/issue-text.ts';
import type { Dependencies } from './dependencies.ts';
import { recordedStep } from './journal.ts';

export function issueActivities(deps: Dependencies) {
  return {
    /** Keeps the issue as it is now: what the run works on does not change under it. */
    async readIssue({ step, issue, request }: ReadIssueInput, cancelled: AbortSignal): Promise<ReadIssueOutcome> {
      return deps.holdings.use(step, cancelled, () =>
        recordedStep(deps, step, async () => {
          const found = issue ? await deps.trackers[issue.tracker].getIssue({ ...issue, withComments: true }) : undefined;
          const text = found ? issueText(found) : (request ?? '');
          const place = { runId: step.lease.runId, step: step.number, kind: 'issue' as const };
          const artifact = await deps.files.writeArtifact({ ...place, name: 'issue.md', text });
          await deps.ledger.recordArtifact(artifact);
          const title = plainLine(found?.title ?? text.split('\n', 1)[0] ?? '');
          return { value: { artifactId: artifact.id, title }, summary: title };
        }),
      );
    },
  };
}
