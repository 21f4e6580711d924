import type { Classification } from '../../contracts/agent-outputs.ts';
import { phase } from '../phase.ts';

/** Says what kind of issue it is, unless the request or an earlier run has said so. */
export const classify = phase('classify', async (run) => {
  const { view } = run.state;
  if (view.issueClass) return { summary: `${view.issueClass} (given)` };
  const { json } = await run.agent('classify', { issue: await run.issue() });
  const { class: issueClass, reason } = json as Classification;
  view.issueClass = issueClass;
  return { summary: `${issueClass}: ${reason}` };
});
