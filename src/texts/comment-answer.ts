import type { RunView } from '../contracts/run-view.ts';
import { inert, quiet } from './inert.ts';
import { waitingWords } from './waiting.ts';

/** What Belay says to somebody who gave a command in a comment. */
export interface CommentAnswer {
  /** Their login. */
  to: string;
  /** Such as `retry`. */
  command: string;
  text: string;
}

/** How the ledger's notes on a run tell an answer from what people wrote. */
export const answerMetadata = ({ to, command }: CommentAnswer): Record<string, unknown> => ({ kind: 'answer', to, command });

/** The answer that a note holds, if it is one. */
export function answerOf(text: string, { kind, to, command }: Record<string, unknown> = {}): CommentAnswer | undefined {
  return kind === 'answer' && typeof to === 'string' && typeof command === 'string' ? { to, command, text } : undefined;
}

/** Finds the comment with answers where no run has a comment yet; begins the answer in one that has. */
export const ANSWER_MARKER = '<!-- belay answer -->';
const ANSWER_END = '<!-- belay answered -->';

export const COMMAND_HELP = [
  'A comment that begins with one of these is followed, for whoever may write to this repository:',
  [
    '| Command | What it does |',
    '| --- | --- |',
    '| `/belay run [pipeline] [engine=…] [model=…]` | works on this issue |',
    '| `/belay plan` | makes a plan, and no more |',
    '| `/belay approve [hash]` | lets a run go on that waits for a person |',
    '| `/belay reject <reason>` | sends a plan or the work back |',
    '| `/belay retry [phase]` | goes on where a run has stopped |',
    '| `/belay cancel [reason]` | ends the run |',
    '| `/belay status` | says how it stands |',
  ].join('\n'),
].join('\n\n');

/** The answer as a part of a comment, with its marks around it. */
export function answerBlock({ to, command, text }: CommentAnswer): string {
  return [ANSWER_MARKER, `**@${to}**, to \`/belay ${command}\`:`, quiet(inert(text)), ANSWER_END].join('\n\n');
}

/** A comment with this answer in place of the one before, ahead of the mark that the comment is found by. */
export function withAnswer(comment: string, answer: CommentAnswer, marker: string): string {
  const start = comment.indexOf(ANSWER_MARKER);
  const end = comment.indexOf(ANSWER_END, start);
  const without = start < 0 || end < 0 ? comment : `${comment.slice(0, start)}${comment.slice(end + ANSWER_END.length)}`;
  const [text = '', rest = ''] = without.split(marker, 2);
  return [text.trim(), answerBlock(answer), marker, rest.trim()].filter(Boolean).join('\n\n');
}

/** How a run stands, in a line. */
export function standing(view: RunView): string {
  const { id, status, currentStep, outcome } = view;
  const waits = waitingWords(view);
  const what = waits ?? `is ${status.replaceAll('_', ' ')}`;
  return `Run \`${id}\` ${what}${currentStep && !waits ? `, at ${currentStep}` : ''}${outcome ? `: ${outcome.replaceAll('_', ' ')}` : ''}.`;
}
