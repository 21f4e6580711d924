/** Keeps the last bytes of a stream, in memory of about twice that size. */
export class BoundedTail {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    // Copied, because a slice would keep its whole chunk alive.
    const kept = Buffer.from(chunk.subarray(-this.#maxBytes));
    this.#chunks.push(kept);
    this.#bytes += kept.length;
    if (this.#bytes > 2 * this.#maxBytes) this.#compact();
  }

  /** Invalid UTF-8 becomes replacement characters; a character that was cut at the front is left out. */
  toString(): string {
    this.#compact();
    const [bytes] = this.#chunks;
    if (!bytes) return '';
    let start = 0;
    while (start < 3 && (bytes[start] ?? 0) >> 6 === 0b10) start++;
    return bytes.toString('utf8', start);
  }

  #compact(): void {
    const last = Buffer.from(Buffer.concat(this.#chunks).subarray(-this.#maxBytes));
    this.#chunks = [last];
    this.#bytes = last.length;
  }
}
