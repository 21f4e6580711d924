import type { CommandName, EngineName } from '../contracts/constants.ts';
import type { Grant } from '../contracts/lease.ts';
import type { SessionView } from '../contracts/run-view.ts';
import { addSpending } from '../contracts/spending.ts';
import type { AgentInput, AgentOutcome, HostActivities, PromptValue, StepRef, TakeOver } from '../contracts/work.ts';
import { budgetLeft, engineOf, enginesOf, modelOf } from './choices.ts';
import { Failover } from './failover.ts';
import { leftBy, park, spentIn } from './failures.ts';
import type { Run } from './run.ts';
import { showAgent } from './view.ts';
import { waitOf } from './waiting.ts';

export interface TurnOptions extends Pick<AgentInput, 'keepAs'> {
  /** It only reads, and may go on beside others that do. */
  shared?: boolean;
  /** The run can do without it: it fails where it would have to wait for long. */
  expendable?: boolean;
}

/** One piece of agent work, over all its turns, waits and engines. */
interface Asked extends Pick<AgentInput, 'keepAs'> {
  command: CommandName;
  values: Record<string, PromptValue>;
  /** What the run knows to be spent on it: an activity tells the sum of all that its step has used. */
  spent: { costUsd: number; tokens: number };
  interim?: string;
  takesOver?: TakeOver;
}

interface Place {
  host: HostActivities;
  step: StepRef;
  grant: Grant;
}

/** What a run has its agents do, and what that has cost. */
export class Turns {
  readonly #run: Run;
  readonly #failover: Failover;
  /** Why the last turn of a command was undone. */
  readonly #undone = new Map<CommandName, string[] | undefined>();

  constructor(run: Run) {
    this.#run = run;
    this.#failover = new Failover(run.waits);
  }

  /** One turn of the agent, as a step. What it changed is committed as the new checkpoint. */
  async play(command: CommandName, values: Record<string, PromptValue>, options: TurnOptions): Promise<AgentOutcome> {
    const { shared = false, expendable = false, ...extra } = options;
    const run = this.#run;
    const { settings } = await run.position();
    showAgent(run.state.view, engineOf(run.input, { ...settings, byPhase: {} }, run.currentPhase));
    const asked: Asked = { command, values, ...extra, spent: { costUsd: 0, tokens: 0 } };
    const about = enginesOf(run.input, settings, run.currentPhase)[0];
    const answer = (place: Place) => (expendable ? this.#soon(asked, place) : this.#answer(asked, place));
    return run.step(command, (host, step, grant) => answer({ host, step, grant }), {
      totalMs: run.limits.agentTotalMs,
      about,
      shared,
    });
  }

  /** Engines that have to wait are asked again. */
  reopen(): void {
    this.#failover.reopen();
  }

  /** An answer that is not waited for any longer than the issue is to be told of. */
  async #soon(asked: Asked, place: Place): Promise<AgentOutcome> {
    try {
      return await this.#answer(asked, place);
    } catch (error) {
      const { limits } = this.#run.waits;
      const wait = waitOf(error, limits);
      throw wait && wait.until - Date.now() >= limits.tellMs ? park(wait.trouble) : error;
    }
  }

  /** The answer of the chosen engine, or of those that go on for it in the same workspace. */
  async #answer(asked: Asked, place: Place): Promise<AgentOutcome> {
    const { input, currentPhase, state } = this.#run;
    const engines = enginesOf(input, place.grant.settings, currentPhase);
    for (let last: EngineName | undefined; ;) {
      const engine = this.#failover.choose(engines);
      if (last !== undefined && engine !== last) {
        asked.takesOver = this.#takeOver(asked, last);
        state.view.currentStep = `${asked.command} · ${engine} goes on for ${last}`;
        this.#run.show();
      }
      last = engine;
      try {
        const outcome = await place.host.runAgent(this.#turn(asked, place, engine));
        this.#ended(asked, outcome);
        return outcome;
      } catch (error) {
        this.#failed(asked, error);
        if (!this.#failover.isShut(engine, error, engines[0])) throw error;
      }
    }
  }

  #takeOver({ values }: Asked, from: EngineName): TakeOver {
    const { view } = this.#run.state;
    const plan = view.plan?.artifactId;
    const isKnown = Object.values(values).some((value) => 'artifact' in value && value.artifact === plan);
    return { from, base: view.baseSha as string, ...(plan && !isKnown ? { plan } : {}) };
  }

  #turn({ spent, ...asked }: Asked, { step, grant: { commit, settings } }: Place, engine: EngineName): AgentInput {
    const { input, state, limits, currentPhase } = this.#run;
    const undone = this.#undone.get(asked.command);
    return {
      step,
      ...asked,
      engine,
      checkpoint: state.checkpoint ?? commit,
      idleMs: limits.agentIdleMs,
      totalMs: limits.agentTotalMs,
      ...(undone ? { undone } : {}),
      ...modelOf(input, settings, currentPhase, engine),
      ...(input.script ? { script: input.script } : {}),
      ...budgetLeft(input, state, spent.costUsd),
    };
  }

  #ended(asked: Asked, { session, checkpoint, undone }: AgentOutcome): void {
    this.#paid(asked, session);
    this.#undone.set(asked.command, undone);
    this.#run.goBackTo(checkpoint);
    this.#run.show();
  }

  /** What it has cost is known at once, and what it has done is not lost. */
  #failed(asked: Asked, error: unknown): void {
    const spent = spentIn(error);
    if (spent) this.#paid(asked, spent);
    const { checkpoint, interim } = leftBy(error);
    if (checkpoint) this.#run.goBackTo(checkpoint);
    if (interim) asked.interim = interim;
  }

  #paid({ spent }: Asked, session: SessionView): void {
    const more = { ...session, costUsd: session.costUsd - spent.costUsd, tokens: session.tokens - spent.tokens };
    addSpending(this.#run.state.view, { phase: this.#run.currentPhase, session: more });
    Object.assign(spent, { costUsd: session.costUsd, tokens: session.tokens });
  }
}
