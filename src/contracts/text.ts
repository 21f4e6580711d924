const ESC = String.fromCharCode(0x1b);
const BEL = String.fromCharCode(0x07);
const CSI = String.fromCharCode(0x9b);
const OSC = String.fromCharCode(0x9d);
const ST = String.fromCharCode(0x9c);

/** Built from strings: control characters written in a regular expression are hard to read and to review. */
const TERMINAL_ESCAPES = new RegExp(
  [
    // Strings for the terminal (title, link, clipboard). Unterminated ones end with their line, so that they hide nothing else.
    `(?:${ESC}[\\]PX^_]|${OSC})[^${BEL}${ESC}${ST}\\n]*(?:${BEL}|${ESC}\\\\|${ST})?`,
    `(?:${ESC}\\[|${CSI})[0-?]*[ -/]*[@-~]?`,
    `${ESC}[ -/]*[0-~]?`,
  ].join('|'),
  'g',
);
const CONTROL_CHARACTERS = /[^\P{Cc}\n\t]/gu;
/** They make a terminal show text in another order than it is written. */
const DIRECTION_OVERRIDES = /[\u202a-\u202e\u2066-\u2069]/g;

/** They have no width: what is hidden with them is read by agents and not by people. Joiners stay, which languages and emoji need. */
const INVISIBLE = /[\u200b\u2060-\u2064\ufeff\u{e0000}-\u{e007f}]/gu;

/** Text that is safe to show in terminals and logs: no terminal escapes, no control characters but newline and tab, nothing hidden. */
export function plainText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(TERMINAL_ESCAPES, '')
    .replaceAll(CONTROL_CHARACTERS, '')
    .replaceAll(DIRECTION_OVERRIDES, '')
    .replaceAll(INVISIBLE, '');
}

/** The same on one line, for titles; cut to `maxLength` characters. */
export function plainLine(text: string, maxLength = 200): string {
  const line = plainText(text).replaceAll(/\s+/g, ' ').trim();
  const characters = [...line];
  return characters.length <= maxLength
    ? line
    : `${characters
        .slice(0, maxLength - 1)
        .join('')
        .trimEnd()}…`;
}

/** The beginning of a text of several lines, and that there was more; never half a character, which GitHub refuses. */
export function cutText(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength).toWellFormed().trimEnd()}\n\n[cut]`;
}

const MAX_SLUG_LENGTH = 40;

/** A title as part of a branch's name: at most 40 of `a-z`, `0-9` and `-`, never empty. */
export function slug(title: string): string {
  const words = title
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return shortened(words) || 'work';
}

/** Cuts between words where that leaves a good part of the text. */
function shortened(words: string): string {
  if (words.length <= MAX_SLUG_LENGTH) return words;
  const cut = words.slice(0, MAX_SLUG_LENGTH + 1).lastIndexOf('-');
  return words.slice(0, cut >= MAX_SLUG_LENGTH / 2 ? cut : MAX_SLUG_LENGTH).replace(/-$/, '');
}
