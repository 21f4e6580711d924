import type { RunError, RunView } from '../contracts/run-view.ts';
import { inert } from './inert.ts';

/** At the very beginning of a text, where nothing of an issue's or an agent's stands. */
const BEGIN = '<!-- belay draft -->';
const END = '<!-- /belay draft -->';

/** Whether a draft is one until Belay says otherwise, rather than by a person's choice. */
export const isUnfinished = (body: string): boolean => body.startsWith(BEGIN);

/** Says at the beginning of a pull request's text why it is a draft, in place of what was said there before. */
export function withNotice(body: string, notice: string): string {
  const end = isUnfinished(body) ? body.indexOf(END) : -1;
  const rest = end < 0 ? body : body.slice(end + END.length).trimStart();
  const lines = inert(notice)
    .trim()
    .split('\n')
    .map((line) => `> ${line}`.trimEnd());
  return [`${BEGIN}\n> **Draft.** ${lines.join('\n').slice(2)}\n${END}`, rest].join('\n\n');
}

/** What a draft says of a run that has stopped before its end. */
export function stoppedNotice({ id, status, outcome, summary }: RunView, trouble: RunError | undefined): string {
  if (outcome === 'no_changes') return `No changes are needed after all. ${summary ?? ''}\nThis can be closed.`;
  const how = status === 'parked' ? 'needs a person' : 'has stopped';
  const why = trouble ? `${trouble.code}: ${trouble.message}` : (summary ?? '');
  return [`Belay ${how}, and this holds the work so far. ${why}`.trim(), `\`belay retry ${id}\` goes on.`].join('\n');
}
