import type { RunEvent } from '../../contracts/service-records.ts';

/** A client that is slower than this reads from the ledger again, at its own pace: nothing is kept for it meanwhile. */
const MAX_QUEUED = 500;

/** What waits for one client. The events themselves are shared by all clients. */
export class Follower {
  #queue: RunEvent[] = [];
  #isBehind = true;
  #wake: () => void = () => {};

  /** Whether there may be events that were never offered, or that were too many to keep. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  offer(event: RunEvent): void {
    if (this.#isBehind) return;
    this.#queue.push(event);
    if (this.#queue.length > MAX_QUEUED) this.fallBehind();
    else this.#wake();
  }

  /** Has the client read from the ledger, from where it is. */
  fallBehind(): void {
    this.#queue = [];
    this.#isBehind = true;
    this.#wake();
  }

  /** To be called before the ledger is read: what is offered from here on is kept, what was offered before will be read. */
  catchUp(): void {
    this.#queue = [];
    this.#isBehind = false;
  }

  take(limit: number): RunEvent[] {
    return this.#queue.splice(0, limit);
  }

  /** Until there is something to do, or so long: false then. */
  async wait({ ms, signal }: { ms: number; signal: AbortSignal }): Promise<boolean> {
    if (this.#isBehind || this.#queue.length > 0 || signal.aborted) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const wake = (): void => resolve(true);
    const timer = setTimeout(() => resolve(false), ms);
    this.#wake = wake;
    signal.addEventListener('abort', wake, { once: true });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      this.#wake = () => {};
    }
  }
}
