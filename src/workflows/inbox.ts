import { MAX_MESSAGE } from '../contracts/constants.ts';
import type { RunState } from '../contracts/run-state.ts';

/** More than an agent can heed; the oldest go. */
const MAX_WAITING = 20;

/** What people write to a run: kept until an agent has been told. */
export class Inbox {
  readonly #state: RunState;

  constructor(state: RunState) {
    this.#state = state;
  }

  get none(): boolean {
    return (this.#state.messages ?? []).length === 0;
  }

  add(text: unknown): void {
    if (typeof text !== 'string' || text.trim() === '') return;
    this.#state.messages = [...(this.#state.messages ?? []), text.trim().slice(0, MAX_MESSAGE)].slice(-MAX_WAITING);
  }

  /** All of them, for a turn that is about to begin. */
  take(): string[] {
    const messages = this.#state.messages ?? [];
    delete this.#state.messages;
    return messages;
  }

  /** Of a turn that failed: the next one is told, before what has come since. */
  putBack(messages: readonly string[]): void {
    if (messages.length > 0) this.#state.messages = [...messages, ...(this.#state.messages ?? [])].slice(-MAX_WAITING);
  }
}
