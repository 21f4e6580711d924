import { cutText } from '../contracts/text.ts';

/** `850 ms`, `12.3 s`, `4 min 5 s`, `2 h 3 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Dollars: cents where there are some, more digits below. */
export const dollars = (usd: number): string => `$${usd.toFixed(usd !== 0 && usd < 0.1 ? 4 : 2)}`;

/** What a phase has cost, in dollars. */
export const costOf = ({ sessions }: { sessions: readonly { costUsd: number }[] }): number =>
  sessions.reduce((sum, { costUsd }) => sum + costUsd, 0);

/** Tokens of any kind that a phase has used. */
export const tokensOf = ({ sessions }: { sessions: readonly { tokens: number }[] }): number =>
  sessions.reduce((sum, { tokens }) => sum + tokens, 0);

/** `1,234`, whatever the machine's own language is. */
export const thousands = (count: number): string => count.toLocaleString('en-US');

/** A text of others as a Markdown quotation, cut to a length. */
export function quoted(text: string, maxLength: number): string {
  return cutText(text, maxLength)
    .trim()
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}
