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
import type { PhaseName, PipelineName, RunStatus } from '../contracts/constants.ts';
import type { RunInput } from '../contracts/run-input.ts';
import type { RunState } from '../contracts/run-state.ts';
import type { RunView } from '../contracts/run-view.ts';
import { classOf, Finished, troubleOf } from './failures.ts';
import type { Trouble } from './failures.ts';
import { cancelRunSignal, retryRunSignal, statusQuery } from './messages.ts';
import type { Phase } from './phase.ts';
import { Run } from './run.ts';
import { findByStatus } from './search-attributes.ts';
import { firstState } from './view.ts';

/** A Temporal workflow of this name, whose phases run in this order. */
export function pipeline(name: PipelineName, phases: readonly Phase[]): (input: RunInput) => Promise<RunView> {
  const workflow = (input: RunInput) => new Execution(input, phases).run();
  Object.defineProperty(workflow, 'name', { value: name });
  return workflow;
}

/** One Temporal execution of a run: phases in order, parking, retry, cancel. */
class Execution {
  readonly #run: Run;
  readonly #phases: readonly Phase[];
  readonly #began = Date.now();
  readonly #scope = new CancellationScope();
  #retry: { phase?: PhaseName } | undefined;
  #timedOut = false;

  constructor(input: RunInput, phases: readonly Phase[]) {
    this.#phases = phases;
    this.#run = new Run(
      input,
      input.state ??
        firstState(
          input,
          phases.map((phase) => phase.name),
        ),
    );
    setHandler(statusQuery, () => this.#run.state.view);
    setHandler(cancelRunSignal, () => this.#scope.cancel());
    setHandler(retryRunSignal, (order) => this.#wake(order));
  }

  async run(): Promise<RunView> {
    try {
      return await this.#scope.run(() => this.#work());
    } catch (error) {
      if (error instanceof ContinueAsNew) throw error;
      if (this.#timedOut)
        return await this.#close('timed_out', {
          code: 'engine_timed_out',
          message: 'The run worked longer than its limit.',
          hint: 'Start it again: the new run goes on from this one.',
        });
      if (isCancellation(error)) return await this.#cancelled();
      throw error;
    }
  }

  /** Phases until the end, or until a person is needed. */
  async #work(): Promise<RunView> {
    await this.#status('running');
    try {
      await this.#withinWorkingTime(async () => {
        for (const phase of this.#phases) await this.#run.phase(phase);
      });
      return await this.#completed();
    } catch (error) {
      if (error instanceof Finished) return await this.#completed(error.outcome);
      if (isCancellation(error)) throw error;
      const trouble = troubleOf(error);
      if (classOf(trouble) === 'fatal') return await this.#close('failed', trouble);
      return await this.#parked(trouble);
    }
  }

  async #withinWorkingTime(body: () => Promise<void>): Promise<void> {
    const { state, input } = this.#run;
    const scope = CancellationScope.withTimeout(Math.max(1, input.limits.workingMs - state.workedMs), async () => {
      const current = CancellationScope.current();
      void current.cancelRequested.catch(() => (this.#timedOut = !this.#scope.consideredCancelled));
      await body();
    });
    await scope;
    this.#timedOut = false;
  }

  async #completed(outcome?: 'no_changes'): Promise<RunView> {
    const { state } = this.#run;
    state.view.outcome = outcome ?? (state.results['publish'] ? 'pull_request' : 'phase_done');
    for (const phase of state.view.phases) if (phase.status === 'pending') phase.status = 'skipped';
    await this.#run.release();
    await this.#finish('completed');
    await this.#run.comment();
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
    await this.#run.comment(error);
    await condition(() => this.#retry !== undefined);
    return this.#goOn(this.#retry ?? {});
  }

  #wake(order: { phase?: PhaseName } | undefined): void {
    if (this.#run.state.view.status === 'parked') this.#retry = order ?? {};
  }

  /** A fresh Temporal execution: after a long wait the run goes on with the newest code. */
  async #goOn({ phase }: { phase?: PhaseName }): Promise<never> {
    const { state, results, input } = this.#run;
    const failed = this.#failedPhase().phase;
    // A phase that the run does not have, or has not come to, leaves nothing to go back to.
    const wentBack = phase !== undefined && results.dropFrom(phase);
    if (!wentBack && failed) results.dropInside(failed);
    for (const shown of state.view.phases) {
      if (!results.get(shown.name) && shown.status !== 'skipped') shown.status = 'pending';
    }
    state.workedMs = 0;
    // The execution that ends here stays in Temporal's lists: not as one that waits for a person.
    findByStatus('running');
    return continueAsNew<(next: RunInput) => Promise<RunView>>({ ...newestBase(input, state), state });
  }

  async #cancelled(): Promise<never> {
    const { workflowId, runId } = workflowInfo();
    await CancellationScope.nonCancellable(async () => {
      await this.#run.release();
      await this.#finish('cancelled');
      await this.#run.comment();
      // Only the server's own cancel lets the execution close as Canceled.
      await this.#run.orchestrator('cancel').requestCancel({ workflowId, executionId: runId });
    });
    throw new CancelledFailure('The run was cancelled.');
  }

  async #close(status: RunStatus, trouble: Trouble): Promise<never> {
    const { view } = this.#run.state;
    const error = { ...trouble, ...this.#failedPhase() };
    view.errors.push(error);
    await this.#run.release();
    await this.#finish(status);
    await this.#run.comment(error);
    throw ApplicationFailure.nonRetryable(trouble.message, trouble.code, { hint: trouble.hint });
  }

  #failedPhase(): { phase?: PhaseName } {
    const failed = this.#run.state.view.phases.find((phase) => phase.status === 'failed' && !this.#run.results.get(phase.name));
    return failed ? { phase: failed.name } : {};
  }

  async #finish(status: RunStatus): Promise<void> {
    const { view } = this.#run.state;
    view.completedAt = new Date().toISOString();
    view.durationMs = Date.parse(view.completedAt) - Date.parse(view.createdAt);
    delete view.waitingFor;
    await this.#status(status);
  }

  async #status(status: RunStatus): Promise<void> {
    const { view, state } = { view: this.#run.state.view, state: this.#run.state };
    if (status !== 'running') {
      delete view.currentStep;
      state.workedMs += Date.now() - this.#began;
    }
    // Running begins with the first grant; until then the run is pending.
    view.status = status === 'running' && !view.startedAt ? 'pending' : status;
    findByStatus(status);
    await this.#run.record();
  }
}

/** A run that never had a workspace may have parked for what its base holds, which a person has mended there since. */
function newestBase({ baseSha, ...input }: RunInput, { view }: RunState): RunInput {
  const isFixed = view.baseSha !== undefined || input.base === undefined || input.continues?.commit !== undefined;
  return { ...input, ...(isFixed && baseSha ? { baseSha } : {}) };
}
