import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  ContinueAsNew,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import type { PhaseName, PipelineName, RunStatus } from '../contracts/constants.ts';
import { elapsedMs } from '../contracts/elapsed.ts';
import type { RunInput } from '../contracts/run-input.ts';
import type { RunError, RunView } from '../contracts/run-view.ts';
import { isMeant } from './addressed.ts';
import type { Addressed } from './addressed.ts';
import { Approvals } from './approval.ts';
import type { PipelinePart } from './approval.ts';
import { tellPeople } from './comment.ts';
import { dropHandover } from './handover.ts';
import { classOf, Finished, Overtime, troubleOf, Withdrawn } from './failures.ts';
import type { Trouble } from './failures.ts';
import { failedPhase, goOn } from './going-on.ts';
import { cancelRunSignal, sendMessageSignal, statusQuery } from './messages.ts';
import { Parking } from './parking.ts';
import { Run } from './run.ts';
import { noticeClosed } from './closed-issue.ts';
import { findBy } from './search-attributes.ts';
import { firstState } from './view.ts';

/** A Temporal workflow of this name, whose phases run in this order; people are asked in between. */
export function pipeline(name: PipelineName, parts: readonly PipelinePart[]): (input: RunInput) => Promise<RunView> {
  const workflow = (input: RunInput) => new PipelineRun(input, parts).run();
  Object.defineProperty(workflow, 'name', { value: name });
  return workflow;
}

/** One Temporal execution of a run: phases in order, parking, retry, cancel. */
class PipelineRun {
  readonly #run: Run;
  readonly #parts: readonly PipelinePart[];
  readonly #approvals: Approvals;
  readonly #scope = new CancellationScope();
  readonly #parking: Parking;

  constructor(input: RunInput, parts: readonly PipelinePart[]) {
    this.#parts = parts;
    const names = parts.flatMap((part) => ('gate' in part ? [] : [part.name]));
    this.#run = new Run(input, input.state ?? firstState(input, names));
    this.#approvals = new Approvals(this.#run);
    this.#run.withdraw = (reason) => this.#withdraw(reason);
    setHandler(statusQuery, () => this.#run.state.view);
    setHandler(cancelRunSignal, (order) => this.#cancel(order));
    setHandler(sendMessageSignal, (message) => {
      if (isMeant(this.#run, message)) this.#run.messages.add(message?.text);
    });
    this.#parking = new Parking(this.#run);
  }

  async run(): Promise<RunView> {
    try {
      return await this.#scope.run(() => this.#work());
    } catch (error) {
      if (error instanceof ContinueAsNew) throw error;
      if (error instanceof Withdrawn) this.#run.state.view.summary = error.message;
      if (error instanceof Withdrawn || isCancellation(error)) return await this.#cancelled();
      throw error;
    }
  }

  /** Phases until the end, or until a person is needed. */
  async #work(): Promise<RunView> {
    const { continues, state } = this.#run.input;
    if (state) this.#run.notices.soon('run.resumed');
    await this.#status('running');
    if (continues) this.#run.versions.noteContinued(continues);
    try {
      for (const part of this.#parts) {
        if ('gate' in part) await this.#approvals.pass(part);
        else {
          await noticeClosed(this.#run, part);
          await this.#run.phase(part);
          this.#run.versions.noteResult(part.name);
        }
      }
      return await this.#completed();
    } catch (error) {
      if (error instanceof Finished) return await this.#completed('no_changes');
      if (error instanceof Overtime) return await this.#close('timed_out', OVERTIME);
      if (error instanceof Withdrawn || isCancellation(error)) throw error;
      const trouble = troubleOf(error);
      if (classOf(trouble) === 'fatal') return await this.#close('failed', trouble);
      return await this.#parked(trouble);
    }
  }

  #cancel(order: (Addressed & { reason?: string }) | undefined): void {
    if (!isMeant(this.#run, order)) return;
    const reason = order?.reason;
    if (reason) this.#run.state.view.summary = `Cancelled: ${reason.slice(0, 500)}`;
    this.#scope.cancel();
  }

  #withdraw(reason: string): void {
    if (CLOSED_STATUSES.includes(this.#run.state.view.status)) return;
    this.#run.state.view.summary = reason;
    this.#scope.cancel();
  }

  async #completed(outcome?: 'no_changes'): Promise<RunView> {
    const { state } = this.#run;
    state.view.outcome = outcome ?? (state.results['publish'] ? 'pull_request' : 'phase_done');
    for (const phase of state.view.phases) if (phase.status === 'pending') phase.status = 'skipped';
    await this.#finish('completed');
    return state.view;
  }

  /** Goes on as a person says; nobody did so in time: it ends with its cause. */
  async #parked(trouble: Trouble): Promise<never> {
    const { view } = this.#run.state;
    const error = { ...trouble, ...this.#failedPhase(), ...(view.currentStep ? { step: view.currentStep } : {}) };
    const order = await this.#parking.keep(error, () => this.#status('parked'));
    return order ? goOn(this.#run, order) : this.#close('failed', expired(trouble, view));
  }

  async #cancelled(): Promise<never> {
    const { workflowId, runId } = workflowInfo();
    await CancellationScope.nonCancellable(async () => {
      await this.#finish('cancelled');
      // Only the server's own cancel lets the execution close as Canceled.
      await this.#run.orchestrator('cancel').requestCancel({ workflowId, executionId: runId });
    });
    throw new CancelledFailure('The run was cancelled.');
  }

  async #close(status: RunStatus, trouble: Trouble): Promise<never> {
    const error = { ...trouble, ...this.#failedPhase() };
    this.#run.state.view.errors.push(error);
    await this.#finish(status, error);
    throw ApplicationFailure.nonRetryable(trouble.message, trouble.code, { hint: trouble.hint });
  }

  #failedPhase(): { phase?: PhaseName } {
    const phase = failedPhase(this.#run.state);
    return phase ? { phase } : {};
  }

  /** What ends a run is not cancelled any more: a closed status never changes again. */
  async #finish(status: RunStatus, trouble?: RunError): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      await this.#run.release();
      const { view } = this.#run.state;
      view.completedAt = new Date().toISOString();
      view.durationMs = elapsedMs({ from: view.startedAt ?? view.createdAt, to: view.completedAt });
      for (const past of ['waitingFor', 'waitingUntil', 'waitingMessage', 'parkedSince', 'parkedUntil'] as const) delete view[past];
      if (status !== 'completed') this.#run.versions.note('ended', this.#failedPhase());
      await this.#status(status);
      await tellPeople(this.#run, trouble);
      if (status === 'completed') await dropHandover(this.#run);
    });
  }

  async #status(status: RunStatus): Promise<void> {
    const { view } = this.#run.state;
    if (status !== 'running') delete view.currentStep;
    // Running begins with the first grant; until then the run is pending.
    view.status = status === 'running' && !view.startedAt ? 'pending' : status;
    findBy({ status: view.status });
    await this.#run.record();
  }
}

const OVERTIME: Trouble = {
  code: 'run_timed_out',
  message: 'The run worked longer than it may; waits were not counted.',
  hint: '`belay retry` begins a new run that goes on from this one.',
};

/** The cause stays the same: what nobody has mended. */
const expired = ({ code, message }: Trouble, { parkedSince }: RunView): Trouble => ({
  code,
  message: `Nobody went on with the run, which was parked since ${parkedSince}. ${message}`,
  hint: '`belay retry` begins a new run that goes on from this one.',
});
