import { CancellationScope, sleep } from '@temporalio/workflow';
import type { RunState } from '../contracts/run-state.ts';

export interface WorkingTimeOptions {
  state: RunState;
  limitMs: number;
  /** Called once, while the run works. */
  onOver: () => void;
}

/** The time that a run holds a workspace: queueing, parking and other waits do not count. */
export class WorkingTime {
  readonly #options: WorkingTimeOptions;
  #running: { since: number; timer: CancellationScope } | undefined;

  constructor(options: WorkingTimeOptions) {
    this.#options = options;
  }

  start(): void {
    this.stop();
    const { state, limitMs, onOver } = this.#options;
    const left = Math.max(1, limitMs - state.workedMs);
    void CancellationScope.nonCancellable(async () => {
      const timer = new CancellationScope();
      this.#running = { since: Date.now(), timer };
      await timer.run(() => sleep(left)).then(onOver, () => {});
    });
  }

  stop(): void {
    if (!this.#running) return;
    const { since, timer } = this.#running;
    this.#running = undefined;
    this.#options.state.workedMs += Date.now() - since;
    timer.cancel();
  }
}
