import { createHash } from 'node:crypto';
import { BelayError } from '../contracts/errors.ts';
import type { Issue, IssueRef } from '../contracts/repository.ts';
import { plainLine } from '../contracts/text.ts';
import type { IssueNow, ReadIssueInput, ReadIssueOutcome } from '../contracts/work.ts';
import { leftBy } from '../run-files/run-files.ts';
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
          const artifact = await deps.files.writeArtifact({ ...leftBy(step), kind: 'issue', name: 'issue.md', text });
          await deps.ledger.recordArtifact(artifact);
          const title = plainLine(found?.title ?? text.split('\n', 1)[0] ?? '');
          return { value: { artifactId: artifact.id, title, ...(found ? { digest: digestOf(found) } : {}) }, summary: title };
        }),
      );
    },
  };
}

export function issueDigestActivities({ trackers }: Pick<Dependencies, 'trackers'>) {
  return {
    async readIssueDigest({ issue }: { issue: IssueRef }): Promise<IssueNow> {
      return issueNow(trackers, issue);
    },
  };
}

/** Rejects where the tracker cannot tell. */
export async function issueNow(trackers: Dependencies['trackers'], ref: IssueRef): Promise<IssueNow> {
  const goOn = 'then `belay retry` goes on from what is done.';
  try {
    const issue = await trackers[ref.tracker].getIssue(ref);
    const over = `Issue #${ref.key} was closed, so the run has ended. Reopen it, ${goOn}`;
    return { digest: digestOf(issue), ...(issue.state === 'closed' ? { over } : {}) };
  } catch (error) {
    if (error instanceof BelayError && error.code === 'issue_not_found')
      return { over: `Issue #${ref.key} is gone, so the run has ended.` };
    throw error;
  }
}

/** Comments come and go, Belay's own among them: what was approved is the issue itself. */
const digestOf = ({ title, body }: Issue): string => createHash('sha256').update(`${title}\n\n${body}`).digest('hex').slice(0, 16);
