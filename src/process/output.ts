import { BoundedFile } from './bounded-file.ts';
import { BoundedTail } from './bounded-tail.ts';
import { LineSplitter } from './line-splitter.ts';
import { ConcealedStream } from './concealed-stream.ts';
import type { Forbidden } from './concealed-stream.ts';
import type { ProcessEnd, ProcessRequest } from './process-request.ts';

const TAIL_BYTES = 16 * 1024;
const MAX_LINE_BYTES = 1024 * 1024;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

type Stream = 'stdout' | 'stderr';

/** Where the bytes of a child go: lines, file and tails, all in bounded memory. */
export class ProcessOutput implements Disposable {
  readonly #file: BoundedFile | undefined;
  /** Cutting lines for nobody would cost more than all the rest. */
  readonly #lines: Record<Stream, LineSplitter> | undefined;
  readonly #tails = { stdout: new BoundedTail(TAIL_BYTES), stderr: new BoundedTail(TAIL_BYTES), output: new BoundedTail(TAIL_BYTES) };
  /** When the last output came, on the clock of `performance.now()`. */
  lastAt = performance.now();
  readonly #onLines: (() => void) | undefined;
  readonly #concealed: Record<Stream, ConcealedStream> | undefined;
  #closed = false;

  constructor(
    { onLine, onLines, maxLineBytes = MAX_LINE_BYTES, outputFile, maxOutputBytes = MAX_OUTPUT_BYTES }: ProcessRequest,
    forbidden?: Forbidden,
  ) {
    this.#concealed = forbidden && { stdout: new ConcealedStream(forbidden), stderr: new ConcealedStream(forbidden) };
    this.#file = outputFile === undefined ? undefined : new BoundedFile(outputFile, maxOutputBytes);
    const splitter = (stream: Stream): LineSplitter => new LineSplitter(maxLineBytes, (line) => onLine?.(line, stream));
    this.#onLines = onLines;
    this.#lines = onLine && { stdout: splitter('stdout'), stderr: splitter('stderr') };
  }

  push(chunk: Buffer, stream: Stream): void {
    if (this.#closed) return;
    this.lastAt = performance.now();
    this.#take(this.#concealed ? this.#concealed[stream].push(chunk) : chunk, stream);
  }

  #take(chunk: Buffer, stream: Stream): void {
    if (chunk.length === 0) return;
    this.#tails[stream].push(chunk);
    this.#tails.output.push(chunk);
    this.#file?.append(chunk);
    this.#lines?.[stream].push(chunk);
    this.#onLines?.();
  }

  /** Delivers unfinished last lines. What comes later is dropped. */
  finish(fail: (error: unknown) => void): void {
    this.#closed = true;
    try {
      if (this.#concealed) for (const stream of ['stdout', 'stderr'] as const) this.#take(this.#concealed[stream].end(), stream);
      this.#lines?.stdout.end();
      this.#lines?.stderr.end();
      this.#onLines?.();
    } catch (error) {
      fail(error);
    }
  }

  tails(): Pick<ProcessEnd, 'stdoutTail' | 'stderrTail' | 'outputTail'> {
    const { stdout, stderr, output } = this.#tails;
    return { stdoutTail: stdout.toString(), stderrTail: stderr.toString(), outputTail: output.toString() };
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#file?.[Symbol.dispose]();
  }
}
