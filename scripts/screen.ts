/** Text of one colour. */
export interface Span {
  text: string;
  color: Color;
}
export type Row = Span[];
export type Color = 'plain' | 'dim' | 'red' | 'green' | 'yellow' | 'blue';

interface Cell {
  char: string;
  color: Color;
}

const COLORS: Record<number, Color> = { 0: 'plain', 39: 'plain', 22: 'plain', 2: 'dim', 90: 'dim', 31: 'red', 32: 'green', 33: 'yellow' };
/** A control sequence (parameters, final letter), a control character, or a character. */
const TOKEN = /\u001b\[([\d;?]*)([A-Za-z])|\r|\n|[^\u001b]/gu;
/** One that has only begun: the rest comes with the next piece. */
const UNFINISHED = /\u001b(?:\[[\d;?]*)?$/;

/** As much of a terminal as our own output uses: cursor moves, clearing, colours. It never scrolls. */
export class Screen {
  readonly #columns: number;
  readonly #cells: Cell[][] = [];
  #row = 0;
  #column = 0;
  #color: Color = 'plain';
  #pending = '';

  constructor(columns: number) {
    this.#columns = columns;
  }

  write(piece: string): void {
    const text = this.#pending + piece;
    this.#pending = UNFINISHED.exec(text)?.[0] ?? '';
    for (const [token, parameters, letter] of text.slice(0, text.length - this.#pending.length).matchAll(TOKEN)) {
      if (letter !== undefined) this.#control(letter, parameters ?? '');
      else if (token === '\r') this.#column = 0;
      else if (token === '\n') this.#row++;
      else this.#put(token);
    }
  }

  get rows(): Row[] {
    return Array.from(this.#cells, (cells) => spans(cells ?? []));
  }

  #put(char: string): void {
    if (this.#column >= this.#columns) [this.#row, this.#column] = [this.#row + 1, 0];
    const line = (this.#cells[this.#row] ??= []);
    while (line.length < this.#column) line.push({ char: ' ', color: 'plain' });
    line[this.#column++] = { char, color: this.#color };
  }

  #control(letter: string, parameters: string): void {
    const count = Number.parseInt(parameters, 10) || 1;
    if (letter === 'A') this.#row = Math.max(0, this.#row - count);
    else if (letter === 'B') this.#row += count;
    else if (letter === 'C') this.#column += count;
    else if (letter === 'D') this.#column = Math.max(0, this.#column - count);
    else if (letter === 'G') this.#column = count - 1;
    else if (letter === 'K') this.#clearLine(parameters === '2' ? 0 : this.#column);
    else if (letter === 'J') this.#clearDown();
    else if (letter === 'm') for (const code of parameters.split(';')) this.#color = COLORS[Number(code)] ?? this.#color;
  }

  #clearLine(from: number): void {
    this.#cells[this.#row]?.splice(from);
  }

  #clearDown(): void {
    this.#clearLine(this.#column);
    this.#cells.splice(this.#row + 1);
  }
}

function spans(cells: readonly Cell[]): Row {
  const row: Row = [];
  for (const { char, color } of cells) {
    const last = row.at(-1);
    if (last?.color === color) last.text += char;
    else row.push({ text: char, color });
  }
  return row;
}
