import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { Screen } from './screen.ts';
import type { Row } from './screen.ts';

/**
 * Runs the demo in a terminal of its own (`script` of util-linux) and draws what was seen as docs/demo.svg: moving where
 * the viewer allows it, else the last picture. Run it again when the demo's output has changed.
 */
const COLUMNS = 112;
const FIRST_LINE = 'A scripted agent plays';
const PROMPT: Row = [
  { text: '$ ', color: 'dim' },
  { text: 'npm run demo', color: 'plain' },
];
/** Long waits are cut, and the end stays for reading. */
const LONGEST_FRAME_MS = 900;
const LAST_FRAME_MS = 8000;

interface Frame {
  rows: Row[];
  at: number;
}

interface Piece {
  y: number;
  row: Row;
  from: number;
  to: number;
}

async function record(command: string): Promise<Frame[]> {
  const child = spawn('script', ['-qefc', command, '/dev/null'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const screen = new Screen(COLUMNS);
  const seen: Frame[] = [];
  child.stdout.setEncoding('utf8');
  for await (const chunk of child.stdout) {
    screen.write(String(chunk));
    const rows = shown(screen.rows);
    if (rows && textOf(rows) !== textOf(seen.at(-1)?.rows ?? [])) seen.push({ rows, at: Date.now() });
  }
  const [exitCode] = (await exited) as [number | null];
  if (exitCode !== 0) throw new Error(`The demo ended with exit code ${exitCode}.`);
  return seen;
}

/** From the line after the issue's text on; nothing before it has been said. */
function shown(rows: readonly Row[]): Row[] | undefined {
  const first = rows.findIndex((row) => plain(row).startsWith(FIRST_LINE));
  return first < 0 ? undefined : [PROMPT, [], ...rows.slice(first)];
}

const plain = (row: Row): string => stripVTControlCharacters(row.map(({ text }) => text).join(''));

/** Spinners turn without saying anything. */
const textOf = (rows: readonly Row[]): string => rows.map(plain).join('\n').replaceAll(/[⠀-⣿]/g, '⠿').trimEnd();

function draw(seen: readonly Frame[]): string {
  const { starts, total } = timing(seen);
  const pieces = piecesOf(seen, starts, total);
  const height = Math.max(...pieces.map(({ y }) => y)) + 1;
  const [width, tall] = [COLUMNS * 7.2 + 32, height * 18 + 30];
  const moving = pieces.filter(({ from, to }) => from > 0 || to < total);
  const rules = moving.map((piece) => keyframes(piece, moving.indexOf(piece), total));
  const texts = pieces.map((piece) => textElement(piece, moving.indexOf(piece), total));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${tall}" role="img" aria-label="The demo: an issue becomes a pull request, phase by phase">
<style>
text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12px;fill:#d6dbe3;white-space:pre}
.dim{fill:#8b94a3}.green{fill:#6fce8b}.yellow{fill:#e6c15c}.red{fill:#f07f7f}.blue{fill:#7fb4f0}.gone{visibility:hidden}
@media (prefers-reduced-motion:no-preference){
${rules.join('\n')}
}
</style>
<rect width="100%" height="100%" rx="8" fill="#161a21"/>
${texts.join('\n')}
</svg>
`;
}

function timing(seen: readonly Frame[]): { starts: number[]; total: number } {
  const starts: number[] = [];
  let total = 0;
  for (const [index, { at }] of seen.entries()) {
    starts.push(total);
    const next = seen[index + 1]?.at;
    total += next === undefined ? LAST_FRAME_MS : Math.min(next - at, LONGEST_FRAME_MS);
  }
  return { starts, total };
}

/** Each text once, for as long as it stands unchanged in its row. */
function piecesOf(seen: readonly Frame[], starts: readonly number[], total: number): Piece[] {
  const pieces: Piece[] = [];
  const open = new Map<number, Piece>();
  for (const [index, { rows }] of seen.entries()) {
    const from = starts[index] ?? 0;
    for (let y = 0; y < Math.max(rows.length, ...open.keys(), 0) + 1; y++) {
      const row = rows[y] ?? [];
      const present = open.get(y);
      if (present && textOf([present.row]) === textOf([row])) continue;
      if (present) present.to = from;
      open.delete(y);
      if (plain(row).trim() === '') continue;
      const piece = { y, row, from, to: total };
      open.set(y, piece);
      pieces.push(piece);
    }
  }
  return pieces.filter(({ from, to }) => to > from);
}

function keyframes({ from, to }: Piece, index: number, total: number): string {
  const percent = (ms: number): string => `${Number(((ms / total) * 100).toFixed(2))}%`;
  const on = from > 0 ? `0%{visibility:hidden}${percent(from)}{visibility:visible}` : '0%{visibility:visible}';
  const off = to < total ? `${percent(to)}{visibility:hidden}` : '';
  const animation = `animation:k${index} ${Math.round(total)}ms step-end infinite`;
  return `@keyframes k${index}{${on}${off}}.a${index}{${animation}}`;
}

function textElement({ y, row, from, to }: Piece, index: number, total: number): string {
  const classes = [from > 0 || to < total ? `a${index}` : '', to < total ? 'gone' : ''].filter(Boolean).join(' ');
  const spans = row.map(({ text, color }) => (color === 'plain' ? escape(text) : `<tspan class="${color}">${escape(text)}</tspan>`));
  return `<text x="16" y="${y * 18 + 28}"${classes ? ` class="${classes}"` : ''} xml:space="preserve">${spans.join('')}</text>`;
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

async function main(): Promise<void> {
  const frames = await record(`stty cols ${COLUMNS} rows 100; exec node src/cli.ts demo`);
  const svg = draw(frames);
  await writeFile(new URL('../docs/demo.svg', import.meta.url), svg);
  console.log(`docs/demo.svg: ${frames.length} frames, ${Math.round(svg.length / 1024)} KB`);
}

await main();
