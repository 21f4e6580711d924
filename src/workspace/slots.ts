/** One place of the limited number of workspaces; disposing gives it back, twice is fine. */
export type Slot = Disposable;

export interface Slots {
  readonly size: number;
  readonly held: number;
  /** Waits in order of arrival. Rejects with the signal's reason. */
  acquire(signal?: AbortSignal): Promise<Slot>;
  tryAcquire(): Slot | undefined;
}

/** p-limit and its like run functions; a slot is held across activities, and its waiting can be cancelled. */
export function createSlots(size: number): Slots {
  const waiting = new Set<(slot: Slot) => void>();
  let held = 0;

  function take(): Slot {
    held += 1;
    let given = false;
    return {
      [Symbol.dispose]() {
        if (given) return;
        given = true;
        held -= 1;
        serveNext();
      },
    };
  }

  function serveNext(): void {
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    next(take());
  }

  async function acquire(signal?: AbortSignal): Promise<Slot> {
    signal?.throwIfAborted();
    if (held < size) return take();
    const { promise, resolve, reject } = Promise.withResolvers<Slot>();
    const onAbort = () => {
      // Not waiting any more: the slot was given a moment ago, and is the caller's.
      if (waiting.delete(resolve)) reject(signal?.reason as Error);
    };
    waiting.add(resolve);
    signal?.addEventListener('abort', onAbort, { once: true });
    return promise.finally(() => signal?.removeEventListener('abort', onAbort));
  }

  return {
    size,
    get held() {
      return held;
    },
    acquire,
    tryAcquire: () => (held < size ? take() : undefined),
  };
}
