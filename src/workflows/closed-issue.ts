import { isCancellation, log, proxyLocalActivities } from '@temporalio/workflow';
import type { PhaseName } from '../contracts/constants.ts';
import type { OrchestratorActivities } from '../contracts/work.ts';
import { troubleOf, Withdrawn } from './failures.ts';
import type { Phase } from './phase.ts';
import { lookProfile } from './profiles.ts';
import type { Run } from './run.ts';

const { readIssueDigest } = proxyLocalActivities<Pick<OrchestratorActivities, 'readIssueDigest'>>(lookProfile);

/**
 * Before these it is looked whether the issue is still open: what comes before them takes longest. With the comment on the plan it is
 * looked too, and publishing looks for itself.
 */
const BEFORE: readonly PhaseName[] = ['test', 'review'];

/** Ends a run whose issue a person has closed meanwhile, before more is spent on it. One event each time, and none for a request. */
export async function noticeClosed(run: Run, { name }: Phase): Promise<void> {
  const { issue, repository } = run.input;
  const hasWorked = run.state.checkpoint !== undefined;
  if (!issue || !hasWorked || !BEFORE.includes(name) || run.isOff(name) || run.results.get(name)) return;
  try {
    const { over } = await readIssueDigest({ issue: { tracker: issue.tracker, repository, key: issue.key } });
    if (over) throw new Withdrawn(over);
  } catch (error) {
    if (error instanceof Withdrawn || isCancellation(error)) throw error;
    log.warn('It could not be seen whether the issue is still open', { trouble: troubleOf(error) });
  }
}
