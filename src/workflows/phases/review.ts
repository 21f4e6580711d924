import { isCancellation } from '@temporalio/workflow';
import type { ErrorCode } from '../../contracts/errors.ts';
import type { AgentOutcome, PromptValue, ReviewDigest } from '../../contracts/work.ts';
import { park, troubleOf, Unfinished } from '../failures.ts';
import type { Trouble } from '../failures.ts';
import { phase } from '../phase.ts';
import type { Run } from '../run.ts';
import { evidenceText } from '../evidence-text.ts';
import { test } from './test.ts';

interface Round {
  artifactId: string;
  blockers: string[];
  others: number;
}

/** How a reviewer fails that may do better the second time. Limits, logins and budgets are not its fault. */
const CRASHES: readonly ErrorCode[] = ['engine_crashed', 'engine_stalled', 'engine_timed_out', 'engine_invalid_output', 'step_timed_out'];

/** Has the work reviewed against plan and issue, and blockers mended, until none is left or the attempts run out. */
export const review = phase('review', async (run) => {
  const { reviewAttempts } = run.limits;
  let previous: PromptValue = { text: 'This is the first review.' };
  for (let attempt = 1; ; attempt++) {
    const round = await run.attempt(attempt, () => reviewOnce(run, previous, attempt < reviewAttempts));
    if (round.blockers.length === 0) return { summary: summary(round, attempt) };
    if (attempt === reviewAttempts) throw park(blocked(round, attempt));
    previous = { artifact: round.artifactId, as: 'data' };
  }
});

async function reviewOnce(run: Run, previous: PromptValue, resolve: boolean): Promise<Round> {
  const outcome = await askReviewer(run, previous);
  run.state.view.review = { artifactId: outcome.artifactId };
  const { blockers, others } = outcome.json as ReviewDigest;
  if (blockers.length > 0) run.say(`${blockers.length === 1 ? 'a blocker' : `${blockers.length} blockers`}: ${blockers[0]?.title ?? ''}`);
  if (blockers.length > 0 && resolve) {
    for (const { index } of blockers) await run.results.within(`blocker-${index + 1}`, () => resolveBlocker(run, outcome, index));
    await run.phase(test);
  }
  return { artifactId: outcome.artifactId, blockers: blockers.map(({ title }) => title), others };
}

/** A reviewer that crashes is asked once more, in a new session. The work is not at fault: what is finished and tested is not held back by it. */
async function askReviewer(run: Run, previous: PromptValue): Promise<AgentOutcome> {
  const { settings } = await run.position();
  const { reviewCriteria, onReviewCrash } = settings;
  const values = {
    issue: await run.issue(),
    plan: run.plan(),
    diff: await run.diff(),
    evidence: { text: evidenceText(run.state.evidence) },
    previous_review: previous,
    criteria: reviewCriteria ? { baseFile: reviewCriteria } : { text: 'The team has written none.' },
  };
  const first = await unlessCrashed(run, values);
  if (!('code' in first)) return first;
  run.say(`the reviewer failed (${first.code}) and is asked again`);
  const second = await unlessCrashed(run, values);
  if (!('code' in second)) return second;
  const willPublish = run.state.view.phases.some(({ name }) => name === 'publish');
  throw onReviewCrash === 'draft' && willPublish ? new Unfinished(twice(second)) : park(twice(second));
}

async function unlessCrashed(run: Run, values: Record<string, PromptValue>): Promise<AgentOutcome | Trouble> {
  try {
    return await run.agent('review', values);
  } catch (error) {
    if (isCancellation(error)) throw error;
    const trouble = troubleOf(error);
    if (CRASHES.includes(trouble.code)) return trouble;
    throw error;
  }
}

const twice = ({ code, message }: Trouble): Trouble => ({
  code,
  message: `The reviewer failed twice: ${message}`.slice(0, 1000),
  hint: '`belay logs` shows what it said; `belay retry --phase review` reviews again.',
});

async function resolveBlocker(run: Run, { artifactId: artifact }: AgentOutcome, index: number): Promise<void> {
  const pick = (field: string): PromptValue => ({ artifact, pick: ['issues', index, field] });
  await run.agent('resolve-review-issue', {
    issue: await run.issue(),
    plan: run.plan(),
    title: pick('title'),
    description: pick('description'),
    files: pick('files'),
  });
}

function summary({ others }: Round, attempt: number): string {
  const rest = others > 0 ? `, ${others} noted for later` : '';
  return attempt === 1 ? `passed${rest}` : `passed after ${attempt} reviews${rest}`;
}

function blocked({ blockers }: Round, attempts: number) {
  return {
    code: 'review_blockers' as const,
    message: `The review still finds ${blockers.length === 1 ? 'a blocker' : `${blockers.length} blockers`} after ${attempts} attempts: ${blockers.slice(0, 5).join('; ')}.`,
    hint: 'Look at the work with `belay open`, then `belay retry` (`--phase review` reviews again).',
  };
}
