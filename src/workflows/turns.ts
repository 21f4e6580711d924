import { AGENT_ATTEMPTS } from '../contracts/constants.ts';
import type { CommandName } from '../contracts/constants.ts';
import type { Grant } from '../contracts/lease.ts';
import type { SessionView } from '../contracts/run-view.ts';
import { addSpending } from '../contracts/spending.ts';
import type { AgentInput, AgentOutcome, PromptValue, StepRef } from '../contracts/work.ts';
import { budgetLeft, engineOf } from './choices.ts';
import { spentIn } from './failures.ts';
import type { Run } from './run.ts';
import { showAgent } from './view.ts';

export interface TurnOptions extends Pick<AgentInput, 'keepAs'> {
  /** It only reads, and may go on beside others that do. */
  shared?: boolean;
}

interface Asked extends Pick<AgentInput, 'keepAs'> {
  command: CommandName;
  values: Record<string, PromptValue>;
}

/** What a run has its agents do, and what that has cost. */
export class Turns {
  readonly #run: Run;
  /** Why the last turn of a command was undone. */
  readonly #undone = new Map<CommandName, string[] | undefined>();

  constructor(run: Run) {
    this.#run = run;
  }

  /** One turn of the agent, as a step. What it changed is committed as the new checkpoint. */
  async play(command: CommandName, values: Record<string, PromptValue>, { shared = false, ...extra }: TurnOptions): Promise<AgentOutcome> {
    const run = this.#run;
    const { settings } = await run.position();
    showAgent(run.state.view, engineOf(run.input, { ...settings, byPhase: {} }, run.currentPhase));
    const { engine } = engineOf(run.input, settings, run.currentPhase);
    return run.step(
      command,
      async (host, step, grant) => {
        const turn = this.#turn({ command, values, ...extra }, step, grant);
        const outcome = await host.runAgent(turn).catch((error: unknown) => this.#failed(error));
        this.#ended(command, outcome);
        return outcome;
      },
      { totalMs: run.limits.agentTotalMs, attempts: AGENT_ATTEMPTS, about: engine, shared },
    );
  }

  #turn(asked: Asked, step: StepRef, { commit, settings }: Grant): AgentInput {
    const { input, state, limits, currentPhase } = this.#run;
    const { engine, model } = engineOf(input, settings, currentPhase);
    const undone = this.#undone.get(asked.command);
    return {
      step,
      ...asked,
      engine,
      checkpoint: state.checkpoint ?? commit,
      idleMs: limits.agentIdleMs,
      totalMs: limits.agentTotalMs,
      ...(undone ? { undone } : {}),
      ...(model ? { model } : {}),
      ...(input.script ? { script: input.script } : {}),
      ...budgetLeft(input, state),
    };
  }

  #ended(command: CommandName, { session, checkpoint, undone }: AgentOutcome): void {
    const { state } = this.#run;
    this.#paid(session);
    this.#undone.set(command, undone);
    state.checkpoint = checkpoint;
    state.view.headSha = checkpoint;
    this.#run.show();
  }

  #failed(error: unknown): never {
    const spent = spentIn(error);
    if (spent) this.#paid(spent);
    throw error;
  }

  #paid(session: SessionView): void {
    addSpending(this.#run.state.view, { phase: this.#run.currentPhase, session });
  }
}
