const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const NOTES = /^\W*notes on the codebase\W*$/i;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;

/** A plan without its section of notes on the codebase, and that section's text. The last such heading counts; none inside code does. */
export function splitNotes(plan: string): { plan: string; notes?: string } {
  const lines = plan.split('\n');
  const headings = headingsOf(lines);
  const start = headings.findLast(({ title }) => NOTES.test(title));
  if (!start) return { plan };
  const end = headings.find(({ line, level }) => line > start.line && level <= start.level)?.line ?? lines.length;
  const notes = lines
    .slice(start.line + 1, end)
    .join('\n')
    .trim();
  const rest = [...lines.slice(0, start.line), ...lines.slice(end)].join('\n').trimEnd();
  return { plan: rest, ...(notes ? { notes } : {}) };
}

interface Heading {
  line: number;
  level: number;
  title: string;
}

function headingsOf(lines: readonly string[]): Heading[] {
  const headings: Heading[] = [];
  let fence: string | undefined;
  for (const [line, text] of lines.entries()) {
    const mark = FENCE.exec(text)?.[1];
    if (mark && fence === undefined) fence = mark;
    else if (mark && fence !== undefined && mark.startsWith(fence)) fence = undefined;
    const [, hashes, title] = fence === undefined ? (HEADING.exec(text) ?? []) : [];
    if (hashes !== undefined) headings.push({ line, level: hashes.length, title: title ?? '' });
  }
  return headings;
}
