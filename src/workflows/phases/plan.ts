import { commentSoon } from '../comment.ts';
import { phase } from '../phase.ts';

/** Has the agent read the code and say what to do; the plan is kept as an artifact. */
export const plan = phase('plan', async (run) => {
  const { view } = run.state;
  if (run.input.plan) return { summary: 'given' };
  const values = { issue: await run.issue(), class: { text: view.issueClass ?? 'unclassified' } };
  const { artifactId, sha256, text } = await run.agent('plan', values, { keepAs: 'plan' });
  view.plan = { artifactId, hash: sha256 as string };
  commentSoon(run);
  return { summary: firstLine(text) };
});

/** The plan's first words that are not a heading. */
const firstLine = (text: string): string => (/^(?!#)\s*(\S.*)$/m.exec(text)?.[1] ?? 'planned').slice(0, 120);
