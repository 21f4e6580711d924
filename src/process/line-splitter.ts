const NEWLINE = 0x0a;

/** Cuts a byte stream into lines. Of a line longer than `maxBytes` only the beginning is kept and delivered. */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #onLine: (line: string) => void;
  #parts: Buffer[] = [];
  #bytes = 0;
  #open = false;

  constructor(maxBytes: number, onLine: (line: string) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      this.#deliver();
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** Delivers what follows the last newline, if anything. */
  end(): void {
    if (this.#open) this.#deliver();
  }

  #keep(part: Buffer): void {
    this.#open = true;
    const kept = part.subarray(0, this.#maxBytes - this.#bytes);
    if (kept.length === 0) return;
    this.#parts.push(kept);
    this.#bytes += kept.length;
  }

  #deliver(): void {
    const line = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#bytes = 0;
    this.#open = false;
    this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  }
}
