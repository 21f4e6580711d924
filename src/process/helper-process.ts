import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { BelayError } from '../contracts/errors.ts';
import { endMarked, HELPER_MARK } from './process-table.ts';

export interface Listener<From> {
  onMessage(message: From): void;
  /** The helper is gone, and with it whatever it had started. */
  onLost(error: unknown): void;
}

/** What a listener says to the helper, and how it stops to listen. */
export interface Line<To> extends Disposable {
  tell(message: To): void;
}

/**
 * A small process that starts others for this one. Starting a process copies the page tables of the one that starts it and holds it up
 * meanwhile: measured 8 ms of a worker's only thread for each, against 1 ms in the helper. It ends with the channel, however that comes.
 */
export class HelperProcess<To extends object, From extends { id: number }> {
  readonly #child: ChildProcess;
  readonly #listeners = new Map<number, Listener<From>>();
  /** In the environment of what it starts, and its only argument. */
  readonly #mark = randomUUID();
  #next = 0;

  constructor(program: string) {
    // Its own session: a Ctrl-C in the terminal is for this process alone.
    this.#child = fork(program, [this.#mark], {
      env: {},
      execArgv: [],
      detached: true,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: From) => this.#listeners.get(message.id)?.onMessage(message));
    this.#child.on('error', (error) => void this.#lost(error));
    this.#child.on('exit', (code, signal) => void this.#lost(new Error(`it ended with ${signal ?? `exit code ${code}`}`)));
    this.#child.unref();
    this.#child.channel?.unref();
  }

  get isAlive(): boolean {
    return this.#child.connected;
  }

  /** Opens a line of its own; this process stays while any is open. */
  open(listener: Listener<From>): Line<To> {
    const id = this.#next++;
    this.#listeners.set(id, listener);
    this.#child.channel?.ref();
    return {
      tell: (message) => void this.#child.send({ ...message, id }, (error) => error && void this.#lost(error)),
      [Symbol.dispose]: () => {
        this.#listeners.delete(id);
        if (this.#listeners.size === 0) this.#child.channel?.unref();
      },
    };
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.ref();
    if (this.#child.connected) this.#child.disconnect();
    await exited;
  }

  /** What goes on unheard is ended before its work is tried again. */
  async #lost(cause: Error): Promise<void> {
    const lost = [...this.#listeners.values()];
    if (lost.length === 0) return;
    this.#listeners.clear();
    const error = new BelayError({
      code: 'helper_lost',
      message: `The process that starts others for this worker is gone: ${cause.message}`,
      cause,
    });
    try {
      await endMarked(`${HELPER_MARK}=${this.#mark}`);
    } finally {
      for (const { onLost } of lost) onLost(error);
    }
  }
}
