import type { Kept, RunState } from '../contracts/run-state.ts';

/** The results of a run by occurrence, in the order they happened. */
export class Results {
  readonly #state: RunState;
  readonly #path: string[] = [];
  readonly #seen = new Map<string, number>();

  constructor(state: RunState) {
    this.#state = state;
  }

  get depth(): number {
    return this.#path.length;
  }

  /** Names what happens inside, such as the round of a loop. */
  async within<T>(name: string, body: () => Promise<T>): Promise<T> {
    this.#path.push(name);
    try {
      return await body();
    } finally {
      this.#path.pop();
    }
  }

  /** The kept result of this occurrence, or that of the body, which is kept with what lies inside it folded away. */
  async keep<T>(name: string, body: () => Promise<T>): Promise<T> {
    const prefix = this.#prefix();
    return this.#keep(name, async (key) => {
      const value = await this.within(key.slice(prefix.length), body);
      for (const inner of Object.keys(this.#state.results)) if (inner.startsWith(`${key}/`)) delete this.#state.results[inner];
      return value;
    });
  }

  /** The same for a body that keeps nothing of its own: several may go on at once. */
  async keepStep<T>(name: string, body: () => Promise<T>): Promise<T> {
    return this.#keep(name, body);
  }

  async #keep<T>(name: string, body: (key: string) => Promise<T>): Promise<T> {
    const key = this.#occurrence(name);
    const kept = this.#state.results[key];
    if (kept) return kept.value as T;
    const before = this.#state.checkpoint;
    const value = await body(key);
    this.#state.results[key] = {
      value,
      ...(before ? { before } : {}),
      ...(this.#state.checkpoint ? { checkpoint: this.#state.checkpoint } : {}),
    };
    return value;
  }

  get(key: string): Kept | undefined {
    return this.#state.results[key];
  }

  /** Forgets an occurrence and everything after it, and goes back to the checkpoint before it. False where there is none. */
  dropFrom(key: string): boolean {
    const keys = Object.keys(this.#state.results);
    const first = keys.findIndex((each) => each === key || each.startsWith(`${key}/`));
    if (first < 0) return false;
    const before = this.#state.results[keys[first] as string]?.before;
    for (const each of keys.slice(first)) delete this.#state.results[each];
    // What happens there from now on happens for the first time.
    for (const each of this.#seen.keys()) if (!this.#state.results[each]) this.#seen.delete(each);
    if (before) this.#state.checkpoint = before;
    else delete this.#state.checkpoint;
    delete this.#state.evidence;
    this.#leaveNewBase();
    return true;
  }

  /** Work from before a newer base was taken in stands on the one that the run began with. */
  #leaveNewBase(): void {
    const { merged, view } = this.#state;
    if (!merged) return;
    view.baseSha = merged.from;
    delete this.#state.merged;
  }

  /** Forgets what happened inside an unfinished occurrence, and keeps the work that it left. */
  dropInside(key: string): void {
    for (const each of Object.keys(this.#state.results)) if (each.startsWith(`${key}/`)) delete this.#state.results[each];
  }

  #prefix(): string {
    return this.#path.length > 0 ? `${this.#path.join('/')}/` : '';
  }

  #occurrence(name: string): string {
    const key = `${this.#prefix()}${name}`;
    const nth = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, nth);
    return nth === 1 ? key : `${key}#${nth}`;
  }
}
