/** A limit of time that can be taken back. */
export interface Deadline extends Disposable {
  /** Aborted when the time is over. */
  readonly signal: AbortSignal;
}

/**
 * Unlike `AbortSignal.timeout` it goes when it is disposed of: the timer of that one stays for its whole time, and keeps what it was made in
 * (of an activity the whole context, 10 KB). With a limit of an hour, runs grew the worker's memory by their number in an hour.
 */
export function deadlineIn(ms: number): Deadline {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new DOMException(`It took longer than ${ms / 1000} s.`, 'TimeoutError')), ms);
  timer.unref();
  return { signal: over.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
