import { answerBlock } from './comment-answer.ts';
import type { CommentAnswer } from './comment-answer.ts';
import type { PhaseStatus, RunStatus } from '../contracts/constants.ts';
import { entryOf } from '../contracts/error-catalogue.ts';
import type { RunError, RunView } from '../contracts/run-view.ts';
import { cutText } from '../contracts/text.ts';
import { waitingWords } from './waiting.ts';
import { dollars, duration } from './words.ts';

const MARKS: Record<PhaseStatus, string> = {
  pending: '⬜',
  running: '🔄',
  retrying: '🔄',
  completed: '✅',
  failed: '❌',
  skipped: '➖',
  cancelled: '🚫',
};
const HEADLINES: Record<RunStatus, string> = {
  pending: 'Belay is about to work on this.',
  running: 'Belay is working on this.',
  waiting: 'Belay is waiting to go on.',
  parked: 'Belay needs a person.',
  completed: 'Belay is done.',
  failed: 'Belay could not do this.',
  cancelled: 'Belay was told to stop.',
  timed_out: 'Belay ran out of time.',
};
/** Above this a comment is hard to read, and forges have limits. */
const MAX_PLAN = 20_000;

/** Finds the one living comment of an issue. */
export const PROGRESS_MARKER = '<!-- belay progress -->';

interface CommentExtras {
  plan?: string;
  trouble?: RunError;
  /** To whoever gave the last command. */
  answer?: CommentAnswer;
}

/** The living comment on the issue: where the run stands, and what a person can do. */
export function progressComment(view: RunView, { plan, trouble, answer }: CommentExtras = {}): string {
  const waits = waitingWords(view);
  return [
    `**${headline(view)}** Run \`${view.id}\`, ${view.engine}, ${dollars(view.costUsd)}`,
    view.phases
      .map(
        ({ name, status, summary, durationMs }) =>
          `- ${MARKS[status]} ${name}${summary ? `: ${summary}` : ''}${durationMs ? ` (${duration(durationMs)})` : ''}`,
      )
      .join('\n'),
    ...(waits ? [`It ${waits}`] : []),
    ...(view.summary ? [view.summary] : []),
    ...(trouble ? [`**${trouble.code}**: ${trouble.message}`, ...(trouble.hint ? [trouble.hint] : [])] : []),
    ...nextSteps(view, trouble),
    ...(view.pullRequest ? [`Pull request: ${view.pullRequest.url}`] : []),
    ...(plan ? [`<details><summary>Plan</summary>\n\n${cutText(plan, MAX_PLAN)}\n\n</details>`] : []),
    ...(answer ? [answerBlock(answer)] : []),
    PROGRESS_MARKER,
  ].join('\n\n');
}

/** The exact commands. What can never work has none. */
function nextSteps({ id, status, parkedUntil, approval }: RunView, trouble: RunError | undefined): string[] {
  if (status === 'parked') {
    const until = parkedUntil ? ` It is kept until ${parkedUntil.slice(0, 10)}.` : '';
    return [`\`belay retry ${id}\` goes on, \`belay cancel ${id}\` drops it.${until}`];
  }
  if (approval) return [approvalText(id, approval)];
  const isOver = trouble !== undefined && (status === 'failed' || status === 'timed_out');
  return isOver && entryOf(trouble.code).class !== 'fatal' ? [`\`belay retry ${id}\` begins a new run that goes on from this one.`] : [];
}

function approvalText(id: string, { of, hash }: NonNullable<RunView['approval']>): string {
  const what = of === 'plan' ? 'the plan below' : `the work (commit \`${hash.slice(0, 12)}\`)`;
  return `It waits until a person approves ${what}: \`belay approve ${id} --hash ${hash.slice(0, 12)}\`, or \`belay reject ${id} --reason "…"\`.`;
}

function headline({ status, outcome }: RunView): string {
  return outcome === 'no_changes' ? 'No changes are needed.' : HEADLINES[status];
}
