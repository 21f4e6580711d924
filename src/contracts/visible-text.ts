import { plainText } from './text.ts';

/** Nothing is seen of them: zero-width characters and fillers, marks of direction, and Unicode's tags, which can spell whole sentences. */
const INVISIBLE =
  /[\u034f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\u{e0000}-\u{e0fff}]/gu;
/** Joiners make up emoji and Persian words; beside ASCII they only hide. */
const STRAY_JOINERS = /(?<=\p{ASCII}|^)[\u200c\u200d]+/gu;

/**
 * Code, which is shown as it is, or what is hidden: comments of HTML (one that is not closed hides all that follows) and links
 * that nothing can use (`[//]: # (text)`). Only code that is code beyond doubt: a fence at the margin, backticks within a line.
 */
const CODE_OR_HIDDEN = new RegExp(
  [
    '(?<code>^(?<fence>(?<mark>[`~])\\k<mark>{2,})[^`\\n]*\\n(?:[\\s\\S]*?^ {0,3}\\k<fence>\\k<mark>*[ \\t]*$|[\\s\\S]*)',
    '(?<![`\\\\])(?<ticks>`+)(?!`)[^\\n|]*?(?<!`)\\k<ticks>(?!`))',
    '<!--[\\s\\S]*?(?:-->|(?![\\s\\S]))',
    '^ {0,3}\\[[^\\]\\n]+\\]:[ \\t]*<?#>?[ \\t]+["\'(][^\\n]*$',
  ].join('|'),
  'gmu',
);

/** Markdown without what its readers do not see: who approved of an issue has read what the agent reads. */
export function visibleText(markdown: string): string {
  const text = plainText(markdown).replaceAll(INVISIBLE, '').replaceAll(STRAY_JOINERS, '');
  return [...pieces(text)].join('').trim();
}

function* pieces(text: string): Generator<string> {
  let end = 0;
  for (const { index, 0: match, groups } of text.matchAll(CODE_OR_HIDDEN)) {
    yield text.slice(end, index);
    if (groups?.['code'] !== undefined) yield match;
    end = index + match.length;
  }
  yield text.slice(end);
}
