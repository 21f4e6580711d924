import { ApplicationFailure, CancellationScope, condition, setHandler } from '@temporalio/workflow';
import type { PhaseName } from '../contracts/constants.ts';
import type { PhaseView, RunError, RunView } from '../contracts/run-view.ts';
import { isMeant, requireMeant } from './addressed.ts';
import type { Addressed } from './addressed.ts';
import { tellPeople } from './comment.ts';
import { raised } from './going-on.ts';
import type { GoOnOrder } from './going-on.ts';
import { retryRunSignal, rollbackUpdate } from './messages.ts';
import type { RollbackOrder } from './messages.ts';
import { PARKED_MS, TELL_GRACE_MS } from './profiles.ts';
import type { Run } from './run.ts';

/** Where a run that failed beyond automatic help waits for a person: without a workspace, by one timer. */
export class Parking {
  readonly #run: Run;
  #order: GoOnOrder | undefined;

  constructor(run: Run) {
    this.#run = run;
    setHandler(retryRunSignal, (order) => this.#wake(order ?? {}));
    setHandler(rollbackUpdate, (order) => this.#rollBack(order), { validator: (order) => this.#check(order) });
  }

  /** Resolves to how the run is to go on; to nothing when nobody said so in time. */
  async keep(trouble: RunError, show: () => Promise<void>): Promise<GoOnOrder | undefined> {
    const { state, versions, limits } = this.#run;
    const { view } = state;
    view.errors.push(trouble);
    await this.#run.release();
    versions.note('parked', { code: trouble.code, ...(trouble.phase ? { phase: trouble.phase } : {}) });
    const since = Date.now();
    const until = since + (limits.parkedMs ?? PARKED_MS);
    view.parkedSince = new Date(since).toISOString();
    view.parkedUntil = new Date(until).toISOString();
    this.#order = undefined;
    await show();
    await this.#tell(trouble);
    return this.#next(until);
  }

  /**
   * A worker that ends while it tells people leaves that to be noticed by a timeout alone, a minute later: an order does not wait for it.
   * What was being told is out of date then; the comment is the run's next one to bring up to date.
   */
  async #tell(trouble: RunError): Promise<void> {
    let isTold = false;
    const telling = new CancellationScope();
    const told = telling.run(() => tellPeople(this.#run, trouble)).then(() => (isTold = true));
    await Promise.race([told, condition(() => this.#order !== undefined)]);
    if (isTold || (await condition(() => isTold, TELL_GRACE_MS))) return;
    told.catch(() => {});
    telling.cancel();
  }

  /** The next order that can be followed; one that cannot is answered by an error in the view. */
  async #next(until: number): Promise<GoOnOrder | undefined> {
    for (;;) {
      // No time at all would be no limit.
      await condition(() => this.#order !== undefined, Math.max(1, until - Date.now()));
      const order = this.#order;
      if (!order) return undefined;
      const { phase } = order;
      const shown = this.#run.state.view.phases.find(({ name }) => name === phase);
      if (phase === undefined || (shown && hasBegun(shown))) return order;
      this.#order = undefined;
      this.#run.state.view.errors.push(this.#noSuchPhase(phase, shown !== undefined));
      await this.#run.record();
    }
  }

  #wake({ run, ...order }: Addressed & GoOnOrder): void {
    if (!isMeant(this.#run, { run })) return;
    if (!isParked(this.#run.state.view)) {
      Object.assign(this.#run.input, raised(this.#run.input, order.budgetUsd));
      this.#run.wake();
    }
    // An update that was answered is kept to.
    else if (!this.#order?.rollback) this.#order = order;
  }

  #rollBack({ run: _run, ...rollback }: RollbackOrder): { version: number } {
    this.#order = { rollback };
    return { version: this.#run.versions.count + 1 };
  }

  /** Throws where the order cannot be followed. */
  #check(order: RollbackOrder): void {
    requireMeant(this.#run, order);
    const { version } = order;
    const { view } = this.#run.state;
    const { count } = this.#run.versions;
    if (!isParked(view)) throw refused(`Run ${view.id} is ${view.status}: only a parked run can go back to a version.`);
    if (this.#order) throw refused(`Run ${view.id} has an order to go on already.`);
    if (Number.isInteger(version) && version >= 1 && version <= count) return;
    throw refused(`Run ${view.id} has no version ${version}: they are 1 to ${count}.`);
  }

  #noSuchPhase(phase: PhaseName, later: boolean): RunError {
    const { state, input } = this.#run;
    const names = state.view.phases.filter(hasBegun).map(({ name }) => name);
    return {
      code: 'invalid_input',
      message: later ? `The run has not come to ${phase} yet.` : `The pipeline ${input.pipeline} has no phase ${phase}.`,
      hint: `Retry without a phase, or from one of ${names.join(', ')}.`,
    };
  }
}

const isParked = ({ status }: RunView): boolean => status === 'parked';

const hasBegun = ({ startedAt, status }: PhaseView): boolean => startedAt !== undefined && status !== 'skipped';

const refused = (message: string): ApplicationFailure => ApplicationFailure.nonRetryable(message, 'invalid_input');
