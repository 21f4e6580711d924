import { isCancellation, log } from '@temporalio/workflow';
import { Finished, troubleOf, Withdrawn } from '../failures.ts';
import type { Run } from '../run.ts';
import { openPullRequest } from './pull-request.ts';
import { pushOnce } from './push.ts';

const AT_WORK = 'Belay is still working on this: not everything is tested and reviewed yet.';

/** Shows the work as a draft before it is finished, where the repository wants that. The work does not depend on it. */
export async function openDraft(run: Run): Promise<void> {
  const { settings } = await run.position();
  const { phases, pullRequest } = run.state.view;
  const willPublish = phases.some(({ name }) => name === 'publish');
  if (settings.pullRequest.draft !== 'while_unfinished' || !willPublish || pullRequest) return;
  try {
    await run.issue();
    const pushed = await pushOnce(run, { settle: true });
    if ('moved' in pushed) return;
    await openPullRequest(run, { branch: pushed.branch, headSha: pushed.headSha, notice: AT_WORK, last: false });
    run.state.drafted = true;
  } catch (error) {
    if (isCancellation(error) || error instanceof Withdrawn || error instanceof Finished) throw error;
    log.warn('The draft could not be opened; the work goes on', { trouble: troubleOf(error) });
  }
}
