import { CancellationScope, isCancellation, log } from '@temporalio/workflow';
import type { NoticeName } from '../contracts/constants.ts';
import type { RunError } from '../contracts/run-view.ts';
import type { NotifyInput } from '../contracts/work.ts';
import { troubleOf } from './failures.ts';
import type { Run } from './run.ts';

/** Tells another program what becomes of a run: in order, and beside its work, which never waits for who listens. */
export class Notices {
  readonly #run: Run;
  #beside: Promise<void> = Promise.resolve();

  constructor(run: Run) {
    this.#run = run;
  }

  /** Tells it once the ledger has what there is to tell, if anybody wants to know. */
  soon(event: NoticeName): void {
    const input = this.#about(event);
    this.#run.recorder.onceRecorded(async () => {
      // What has happened is told even of a run that is cancelled by then.
      if (this.wants(event)) void this.#next(() => CancellationScope.nonCancellable(() => this.#tell(input)));
    });
  }

  /** Tells it after all that came before, and waits for that. A run that is cancelled meanwhile asks for nobody any more. */
  async now(event: NoticeName, trouble?: RunError): Promise<void> {
    const input = { ...this.#about(event), ...(trouble ? { trouble } : {}) };
    await Promise.race([this.#next(() => this.#tell(input)), CancellationScope.current().cancelRequested]);
  }

  wants(event: NoticeName): boolean {
    return this.#run.recorder.notices.includes(event);
  }

  async settled(): Promise<void> {
    await this.#beside;
  }

  #about(event: NoticeName): NotifyInput {
    const { status, waitingFor } = this.#run.state.view;
    return { runId: this.#run.input.id, event, at: new Date().toISOString(), status, ...(waitingFor ? { waitingFor } : {}) };
  }

  #next(tell: () => Promise<void>): Promise<void> {
    const telling = this.#beside.then(tell);
    this.#beside = telling.catch(() => {});
    return telling;
  }

  async #tell(input: NotifyInput): Promise<void> {
    try {
      await this.#run.orchestrator(`notify · ${input.event}`).notifyPeople({ ...input, viewVersion: this.#run.recorder.recorded });
    } catch (error) {
      if (isCancellation(error)) throw error;
      // No run depends on who listens.
      log.warn('A notice was not accepted', { event: input.event, trouble: troubleOf(error) });
    }
  }
}
