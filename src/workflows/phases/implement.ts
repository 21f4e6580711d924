import { Finished, park } from '../failures.ts';
import { phase } from '../phase.ts';
import { openDraft } from '../publishing/draft.ts';

/** Has the agent carry out the plan. Nothing changed means that nothing needed to. */
export const implement = phase('implement', async (run) => {
  const { text, putBack, leaked } = await run.agent('implement', { issue: await run.issue(), plan: run.plan() });
  const { from, to } = await run.position();
  if (leaked && to === from) throw park(onlySecrets(leaked));
  if (putBack && to === from) throw park(onlyProtected(putBack));
  if (to === (run.state.start ?? run.input.continues?.commit ?? from)) {
    run.state.view.summary = text;
    throw new Finished();
  }
  // What was said of the work before is about another one.
  delete run.state.view.review;
  await openDraft(run);
  const summary = text.split('\n', 1)[0]?.slice(0, 120) || 'implemented';
  return { summary: leaked ? `${summary} (left out, for what looks like secrets: ${leaked.slice(0, 5).join(', ')})` : summary };
});

const onlySecrets = (leaked: readonly string[]) => ({
  code: 'secret_in_changes' as const,
  message: `The agent changed nothing but files with what looks like secrets, which were put back: ${leaked.slice(0, 5).join(', ')}.`,
  hint: 'If they are none, name their paths under `secrets.allow` in .belay.yml on the base branch, then `belay retry --phase implement`.',
});

const onlyProtected = (paths: readonly string[]) => ({
  code: 'protected_paths_changed' as const,
  message: `The agent changed nothing but protected paths, which was put back: ${paths.slice(0, 5).join(', ')}.`,
  hint: 'If this issue needs them, take them out of `protected` in .belay.yml on the base branch, then `belay retry --phase implement`.',
});
