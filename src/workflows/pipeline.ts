import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  ContinueAsNew,
  continueAsNew,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import type { PhaseName, PipelineName, RunStatus } from '../contracts/constants.ts';
import { elapsedMs } from '../contracts/elapsed.ts';
import type { RunInput } from '../contracts/run-input.ts';
import type { RunState } from '../contracts/run-state.ts';
import type { PhaseView, RunError, RunView } from '../contracts/run-view.ts';
import { Approvals } from './approval.ts';
import type { PipelinePart } from './approval.ts';
import { tellPeople } from './comment.ts';
import { classOf, Finished, Overtime, troubleOf, Withdrawn } from './failures.ts';
import type { Trouble } from './failures.ts';
import { cancelRunSignal, retryRunSignal, sendMessageSignal, statusQuery } from './messages.ts';
import { Run } from './run.ts';
import { noticeClosed } from './closed-issue.ts';
import { findBy } from './search-attributes.ts';
import { firstState } from './view.ts';

interface RetryOrder {
  phase?: PhaseName;
  budgetUsd?: number;
}

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
  #retry: RetryOrder | undefined;

  constructor(input: RunInput, parts: readonly PipelinePart[]) {
    this.#parts = parts;
    const names = parts.flatMap((part) => ('gate' in part ? [] : [part.name]));
    this.#run = new Run(input, input.state ?? firstState(input, names));
    this.#approvals = new Approvals(this.#run);
    this.#run.withdraw = (reason) => this.#withdraw(reason);
    setHandler(statusQuery, () => this.#run.state.view);
    setHandler(cancelRunSignal, (order) => this.#cancel(order?.reason));
    setHandler(retryRunSignal, (order) => this.#wake(order));
    setHandler(sendMessageSignal, (message) => this.#run.messages.add(message?.text));
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
    await this.#status('running');
    try {
      for (const part of this.#parts) {
        if ('gate' in part) await this.#approvals.pass(part);
        else {
          await noticeClosed(this.#run, part);
          await this.#run.phase(part);
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

  #cancel(reason: string | undefined): void {
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

  /** Keeps the run with its cause until a person wakes or cancels it. Holds no workspace meanwhile. */
  async #parked(trouble: Trouble): Promise<never> {
    const { view } = this.#run.state;
    const error = { ...trouble, ...this.#failedPhase(), ...(view.currentStep ? { step: view.currentStep } : {}) };
    view.errors.push(error);
    await this.#run.release();
    this.#retry = undefined;
    await this.#status('parked');
    await tellPeople(this.#run, error);
    return this.#goOn(await this.#order());
  }

  /** The next order to go on that can be followed; one that cannot is answered by an error in the view. */
  async #order(): Promise<RetryOrder> {
    for (;;) {
      await condition(() => this.#retry !== undefined);
      const order = this.#retry ?? {};
      const { phase } = order;
      this.#retry = undefined;
      const shown = this.#run.state.view.phases.find(({ name }) => name === phase);
      if (phase === undefined || (shown && hasBegun(shown))) return order;
      this.#run.state.view.errors.push(this.#noSuchPhase(phase, shown !== undefined));
      await this.#run.record();
    }
  }

  #noSuchPhase(phase: string, later: boolean): RunError {
    const names = this.#run.state.view.phases.filter(hasBegun).map(({ name }) => name);
    return {
      code: 'invalid_input',
      message: later ? `The run has not come to ${phase} yet.` : `The pipeline ${this.#run.input.pipeline} has no phase ${phase}.`,
      hint: `Retry without a phase, or from one of ${names.join(', ')}.`,
    };
  }

  #wake(order: RetryOrder | undefined): void {
    if (this.#run.state.view.status === 'parked') this.#retry = order ?? {};
  }

  /** A fresh Temporal execution: after a long wait the run goes on with the newest code. */
  async #goOn({ phase, budgetUsd }: RetryOrder): Promise<never> {
    const { state, results, input } = this.#run;
    const failed = this.#failedPhase().phase;
    if (phase) this.#forget(phase);
    else if (failed) results.dropInside(failed);
    for (const shown of state.view.phases) {
      if (!results.get(shown.name) && shown.status !== 'skipped') shown.status = 'pending';
    }
    state.workedMs = 0;
    // The execution that ends here stays in Temporal's lists: not as one that waits for a person.
    findBy({ status: 'running' });
    return continueAsNew<(next: RunInput) => Promise<RunView>>({ ...newestBase(input, state), ...raised(input, budgetUsd), state });
  }

  /** Goes back to before a phase: what it and the later ones gave is not known any more. */
  #forget(phase: PhaseName): void {
    const { results, state, input } = this.#run;
    results.dropFrom(phase);
    const gave = (name: PhaseName): boolean => state.view.phases.some((shown) => shown.name === name) && !results.get(name);
    if (gave('classify') && !input.issueClass) delete state.view.issueClass;
    if (gave('plan') && !input.plan) delete state.view.plan;
    if (gave('review')) delete state.view.review;
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
    const failed = this.#run.state.view.phases.find((phase) => phase.status === 'failed' && !this.#run.results.get(phase.name));
    return failed ? { phase: failed.name } : {};
  }

  /** What ends a run is not cancelled any more: a closed status never changes again. */
  async #finish(status: RunStatus, trouble?: RunError): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      await this.#run.release();
      const { view } = this.#run.state;
      view.completedAt = new Date().toISOString();
      view.durationMs = elapsedMs({ from: view.startedAt ?? view.createdAt, to: view.completedAt });
      delete view.waitingFor;
      await this.#status(status);
      await tellPeople(this.#run, trouble);
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

const hasBegun = ({ startedAt, status }: PhaseView): boolean => startedAt !== undefined && status !== 'skipped';

/** What a person allows the run to cost from here on. */
const raised = ({ requested }: RunInput, budgetUsd: number | undefined): Pick<RunInput, 'requested'> =>
  budgetUsd === undefined ? {} : { requested: { ...requested, budgetUsd } };

/** A run that never had a workspace may have parked for what its base holds, which a person has mended there since. */
function newestBase({ baseSha, ...input }: RunInput, { view }: RunState): RunInput {
  const isFixed = view.baseSha !== undefined || input.base === undefined || input.continues?.commit !== undefined;
  return { ...input, ...(isFixed && baseSha ? { baseSha } : {}) };
}
