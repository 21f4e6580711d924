import { setTimeout as sleep } from 'node:timers/promises';
import type { MemoryWatch } from '../process/memory-watch.ts';
import type { Slots } from './slots.ts';

/** Lets runs into the workspaces of this host: as many as there are slots, while there is memory for one more. */
export interface Admission {
  /** How many there may be, and how many there are. */
  readonly size: number;
  readonly held: number;
  /** Those that have a place, in the order in which they came. */
  readonly runs: readonly string[];
  /** Why one more run would have to wait, in words; undefined where there is room. */
  obstacle(): string | undefined;
  /** Waits for room; rejects with the signal's reason. The place is the run's until disposed of. */
  enter(runId: string, signal: AbortSignal): Promise<Disposable>;
  tryEnter(runId: string): Disposable | undefined;
  /** Resolves when somebody has come or gone, and now and then. Rejects with the signal's reason. */
  changed(signal: AbortSignal): Promise<void>;
}

/** Nobody says when the machine has memory again. */
const LOOK_MS = 500;

interface Parts {
  slots: Slots;
  memory: Pick<MemoryWatch, 'admit' | 'shortage'>;
}

export const createAdmission = (parts: Parts): Admission => new HostAdmission(parts);

class HostAdmission implements Admission {
  readonly #slots: Slots;
  readonly #memory: Parts['memory'];
  readonly runs: string[] = [];
  #moved = Promise.withResolvers<void>();

  constructor({ slots, memory }: Parts) {
    this.#slots = slots;
    this.#memory = memory;
  }

  get size(): number {
    return this.#slots.size;
  }

  get held(): number {
    return this.#slots.held;
  }

  obstacle(): string | undefined {
    if (this.held >= this.size) return `${this.held} of ${this.size} workspaces are taken`;
    return this.#memory.shortage();
  }

  async enter(runId: string, signal: AbortSignal): Promise<Disposable> {
    using stack = new DisposableStack();
    const slot = stack.use(await this.#slots.acquire(signal));
    while (this.#memory.shortage() !== undefined) await this.changed(signal);
    stack.move();
    return this.#place(slot, runId);
  }

  tryEnter(runId: string): Disposable | undefined {
    if (this.#memory.shortage() !== undefined) return undefined;
    const slot = this.#slots.tryAcquire();
    return slot && this.#place(slot, runId);
  }

  async changed(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const waited = new AbortController();
    try {
      await Promise.race([this.#moved.promise, sleep(LOOK_MS, undefined, { signal: AbortSignal.any([signal, waited.signal]) })]);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      waited.abort();
    }
  }

  #place(slot: Disposable, runId: string): Disposable {
    const admitted = this.#memory.admit(runId);
    this.runs.push(runId);
    this.#move();
    let isOut = false;
    return {
      [Symbol.dispose]: () => {
        if (isOut) return;
        isOut = true;
        this.runs.splice(this.runs.indexOf(runId), 1);
        admitted[Symbol.dispose]();
        slot[Symbol.dispose]();
        this.#move();
      },
    };
  }

  #move(): void {
    this.#moved.resolve();
    this.#moved = Promise.withResolvers();
  }
}
