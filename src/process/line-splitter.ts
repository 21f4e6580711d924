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
      this.#complete(chunk, start, end);
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** Delivers what follows the last newline, if anything. */
  end(): void {
    if (this.#open) this.#deliver();
  }

  /** Most lines are within one chunk, and are read from it as they are. */
  #complete(chunk: Buffer, start: number, end: number): void {
    if (!this.#open) return this.#say(chunk.toString('utf8', start, Math.min(end, start + this.#maxBytes)));
    this.#keep(chunk.subarray(start, end));
    this.#deliver();
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
    this.#say(line);
  }

  #say(line: string): void {
    this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  }
}
