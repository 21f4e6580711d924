import { phase } from '../phase.ts';

/** Brings the repository's own documentation up to the change. Its failure never fails the run. */
export const document = phase(
  'document',
  async (run) => {
    const { changed } = await run.agent('document', { issue: await run.issue(), plan: run.plan(), diff: await run.diff() });
    return { summary: changed ? 'updated' : 'nothing to update' };
  },
  { optional: true },
);
