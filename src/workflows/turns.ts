import type { CommandName } from '../contracts/constants.ts';
import type { Asked, Grant } from '../contracts/lease.ts';
import type { SessionView } from '../contracts/run-view.ts';
import { addSpending } from '../contracts/spending.ts';
import type { AgentInput, AgentOutcome, AskedStep, PromptValue } from '../contracts/work.ts';
import { budgetLeft, engineOf } from './choices.ts';
import { spentIn } from './failures.ts';
import type { Run } from './run.ts';
import { showAgent } from './view.ts';

export interface TurnOptions extends Pick<AgentInput, 'keepAs'> {
  /** It only reads, and may go on beside others that do. */
  shared?: boolean;
}

interface Request extends Pick<AgentInput, 'keepAs' | 'messages' | 'resume'> {
  command: CommandName;
  values: Record<string, PromptValue>;
}

/** Turns that only put finished work into words: what people say meanwhile is not for them. */
const WORDING: readonly CommandName[] = ['commit-message', 'pull-request'];

/** What a run has its agents do, and what that has cost. */
export class Turns {
  readonly #run: Run;
  /** Why the last turn of a command was undone. */
  readonly #undone = new Map<CommandName, string[] | undefined>();
  readonly #continued = new Map<CommandName, string>();

  constructor(run: Run) {
    this.#run = run;
  }

  /** One turn of the agent, as a step; another one in the same session where people have written to it meanwhile. */
  async play(command: CommandName, values: Record<string, PromptValue>, options: TurnOptions): Promise<AgentOutcome> {
    const takesMessages = !WORDING.includes(command);
    for (let resume = this.#continued.get(command); ;) {
      const messages = takesMessages ? this.#run.messages.take() : [];
      const told = messages.length > 0 ? { messages, ...(resume ? { resume } : {}) } : {};
      const outcome = await this.#once({ command, values, ...told }, options);
      this.#continued.delete(command);
      if (!takesMessages || this.#run.messages.none) return outcome;
      resume = outcome.session.id;
    }
  }

  /** The next turn of this command is to go on in the session of the last one, with what a person says to it. */
  continueWith(command: CommandName, session: string): void {
    this.#continued.set(command, session);
  }

  async #once({ command, ...asked }: Request, { shared = false, ...extra }: TurnOptions): Promise<AgentOutcome> {
    const run = this.#run;
    const { settings } = await run.position();
    showAgent(run.state.view, engineOf(run.input, { ...settings, byPhase: {} }, run.currentPhase));
    const { engine } = engineOf(run.input, settings, run.currentPhase);
    return run.step(
      command,
      async (host, step, grant) => {
        const turn = this.#turn({ command, ...asked, ...extra }, step, grant);
        const outcome = await host.runAgent(turn).catch((error: unknown) => this.#failed(error));
        this.#ended(command, outcome);
        return outcome;
      },
      { totalMs: run.limits.agentTotalMs, about: engine, shared },
    );
  }

  #turn(asked: Request, step: AskedStep, { commit, settings }: Grant): Asked<AgentInput> {
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
