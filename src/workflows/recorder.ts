import { isCancellation, log, proxyLocalActivities, setCurrentDetails } from '@temporalio/workflow';
import type { NoticeName } from '../contracts/constants.ts';
import type { RunState } from '../contracts/run-state.ts';
import { addSpending } from '../contracts/spending.ts';
import type { RecordActivities } from '../contracts/work.ts';
import { detailsOf } from './details.ts';
import { troubleOf } from './failures.ts';
import { recordProfile } from './profiles.ts';

const { recordRun } = proxyLocalActivities<RecordActivities>(recordProfile);

type Work = () => Promise<void>;

/** Tells Temporal and the ledger how a run stands. */
export class Recorder {
  readonly #state: RunState;
  readonly #due: Work[] = [];
  #beside: Promise<void> = Promise.resolve();
  /** How many versions the ledger has for sure. */
  #versions = 0;
  #recorded = 0;
  #notices: readonly NoticeName[] = [];

  constructor(state: RunState) {
    this.#state = state;
  }

  /** The newest version of the view that the ledger of some worker has. */
  get recorded(): number {
    return this.#recorded;
  }

  /** What the worker that recorded last has somebody to tell of. */
  get notices(): readonly NoticeName[] {
    return this.#notices;
  }

  /** Shows the state to Temporal's UI and to queries; cheap. */
  show(): void {
    this.#state.view.version++;
    setCurrentDetails(detailsOf(this.#state.view));
  }

  /** Writes the state to the ledger. */
  async record(): Promise<void> {
    this.show();
    const { version } = this.#state.view;
    const all = this.#state.versions ?? [];
    const versions = all.slice(this.#versions);
    const count = all.length;
    try {
      const { untold = [], notices = [] } = await recordRun({ view: this.#state.view, ...(versions.length > 0 ? { versions } : {}) });
      this.#versions = count;
      this.#recorded = version;
      this.#notices = notices;
      for (const spending of untold) addSpending(this.#state.view, spending);
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn('The ledger could not be written; the next change writes it whole', { trouble: troubleOf(error) });
    }
    for (const work of this.#due.splice(0)) this.#beside = this.#beside.then(work);
  }

  /** Begins something when the state has been written the next time, beside the phases and after what was begun before. It may not fail. */
  onceRecorded(work: Work): void {
    this.#due.push(work);
  }

  /** Waits for what goes on beside the phases. */
  async settled(): Promise<void> {
    await this.#beside;
  }
}
