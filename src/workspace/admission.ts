import { setTimeout as sleep } from 'node:timers/promises';
import type { MemoryWatch } from '../process/memory-watch.ts';
import type { Slots } from './slots.ts';

/** Lets runs into the workspaces of this host: as many as there are slots, while there is memory for one more. */
export interface Admission {
  /** How many there may be, and how many there are. */
  readonly size: number;
  readonly held: number;
  /** Why one more run would have to wait, in words; undefined where there is room. */
  obstacle(): string | undefined;
  /** Waits for room; rejects with the signal's reason. The place is the run's until disposed of. */
  enter(runId: string, signal: AbortSignal): Promise<Disposable>;
  tryEnter(runId: string): Disposable | undefined;
  /** Resolves when there may be room that was not there before. Rejects with the signal's reason. */
  changed(signal: AbortSignal): Promise<void>;
}

/** Nobody says when the machine has memory again. */
const LOOK_MS = 500;

export function createAdmission({ slots, memory }: { slots: Slots; memory: Pick<MemoryWatch, 'admit' | 'shortage'> }): Admission {
  let left = Promise.withResolvers<void>();

  const changed = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    const waited = new AbortController();
    try {
      await Promise.race([left.promise, sleep(LOOK_MS, undefined, { signal: AbortSignal.any([signal, waited.signal]) })]);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      waited.abort();
    }
  };

  const place = (slot: Disposable, runId: string): Disposable => {
    const admitted = memory.admit(runId);
    return {
      [Symbol.dispose]() {
        admitted[Symbol.dispose]();
        slot[Symbol.dispose]();
        left.resolve();
        left = Promise.withResolvers();
      },
    };
  };

  return {
    size: slots.size,
    get held() {
      return slots.held;
    },
    obstacle() {
      if (slots.held >= slots.size) return `${slots.held} of ${slots.size} workspaces are taken`;
      return memory.shortage();
    },
    async enter(runId, signal) {
      using stack = new DisposableStack();
      const slot = stack.use(await slots.acquire(signal));
      while (memory.shortage() !== undefined) await changed(signal);
      stack.move();
      return place(slot, runId);
    },
    tryEnter(runId) {
      if (memory.shortage() !== undefined) return undefined;
      const slot = slots.tryAcquire();
      return slot && place(slot, runId);
    },
    changed,
  };
}
