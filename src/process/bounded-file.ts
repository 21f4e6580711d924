import { closeSync, openSync, writeSync } from 'node:fs';
import { BelayError } from '../contracts/errors.ts';

/**
 * Appends to a file up to a limit, then says so in it once and drops the rest. Writes synchronously: nothing piles up in
 * memory when the disk is slower than the child.
 */
export class BoundedFile implements Disposable {
  readonly #path: string;
  readonly #file: number;
  #left: number;

  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#left = maxBytes;
    this.#file = openSync(path, 'a');
  }

  /** Throws `BelayError` disk_full. */
  append(chunk: Buffer): void {
    if (this.#left < 0) return;
    const kept = chunk.subarray(0, this.#left);
    this.#write(kept);
    this.#left -= kept.length;
    if (kept.length === chunk.length) return;
    this.#write(Buffer.from('\n[output limit reached; the rest was left out]\n'));
    this.#left = -1;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #write(bytes: Buffer): void {
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      const message = `No space left to write ${this.#path}`;
      throw new BelayError({ code: 'disk_full', message, hint: 'Free some disk space, then retry the run.', cause: error });
    }
  }
}
