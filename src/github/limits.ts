/** What GitHub takes, in characters. */
export const MAX_TITLE = 256;
const MAX_BODY = 65_536;

/** Belay's mark on what it wrote, invisible on the page: `<!-- belay … -->`. */
const MARKER = /<!-- belay [^>]*-->/g;
/** Enough for what ends our texts: the costs, the issue that is closed, the mark. */
const TAIL = 8192;
const CUT = '**[Cut here: GitHub takes at most 65,536 characters.]**';
const FENCE = '```';
/** For fences and empty lines around the cut. */
const SEAM = 32;

/** The last mark of Belay in a text. */
export const markerIn = (text: string): string | undefined => text.match(MARKER)?.at(-1);

/** Is it Belay that wrote this? */
export const isOurs = (text: string | null | undefined): boolean => markerIn(text ?? '') !== undefined;

/** A text that is too long loses its middle, at the ends of lines: beginnings say most, and ends hold what links issue and run. */
export function cutBody(body: string): string {
  if (body.length <= MAX_BODY) return body;
  const room = MAX_BODY - TAIL - CUT.length - SEAM;
  const head = body.slice(0, lineEnd(body, room)).toWellFormed();
  const tail = body.slice(lineStart(body, body.length - TAIL)).toWellFormed();
  const before = body.slice(0, body.length - tail.length);
  return [...closed(head), CUT, ...(isInCode(before) ? [FENCE] : []), tail].join('\n\n');
}

const closed = (head: string): string[] => (isInCode(head) ? [`${head}\n${FENCE}`] : [head]);
const isInCode = (text: string): boolean => (text.match(/^ {0,3}```/gm)?.length ?? 0) % 2 === 1;

/** Where lines are too long to care, in the middle of one. */
function lineEnd(text: string, limit: number): number {
  const end = text.lastIndexOf('\n', limit);
  return end > limit / 2 ? end : limit;
}

function lineStart(text: string, limit: number): number {
  const start = text.indexOf('\n', limit);
  return start >= 0 && start < limit + TAIL / 2 ? start + 1 : limit;
}
