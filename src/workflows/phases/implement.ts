import { Finished } from '../failures.ts';
import { phase } from '../phase.ts';
import { openDraft } from '../publishing/draft.ts';

/** Has the agent carry out the plan. Nothing changed means that nothing needed to. */
export const implement = phase('implement', async (run) => {
  const { text } = await run.agent('implement', { issue: await run.issue(), plan: run.plan() });
  const { from, to } = await run.position();
  if (to === (run.input.continues?.commit ?? from)) {
    run.state.view.summary = text;
    throw new Finished();
  }
  // What was said of the work before is about another one.
  delete run.state.view.review;
  await openDraft(run);
  return { summary: text.split('\n', 1)[0]?.slice(0, 120) || 'implemented' };
});
