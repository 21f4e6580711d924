import { AGENT_ATTEMPTS } from '../contracts/constants.ts';
import type { CommandName, EngineName } from '../contracts/constants.ts';
import type { Asked, Grant } from '../contracts/lease.ts';
import type { SessionView } from '../contracts/run-view.ts';
import { addSpending } from '../contracts/spending.ts';
import type { AgentInput, AgentOutcome, AskedStep, HostActivities, PromptValue, TakeOver } from '../contracts/work.ts';
import { budgetLeft, engineOf, enginesOf, modelOf } from './choices.ts';
import { Failover } from './failover.ts';
import { leftBy, park, spentIn } from './failures.ts';
import type { Run } from './run.ts';
import { showAgent } from './view.ts';
import { waitOf } from './waiting.ts';

export interface TurnOptions extends Pick<AgentInput, 'keepAs'> {
  /** The run can do without it: it fails where it would have to wait for long. */
  expendable?: boolean;
}

interface Request extends Pick<AgentInput, 'keepAs' | 'messages' | 'resume'> {
  command: CommandName;
  values: Record<string, PromptValue>;
}

/** One piece of agent work, over all its turns, waits and engines. */
interface Piece extends Request {
  /** What the run knows to be spent on it: an activity tells the sum of all that its step has used. */
  spent: { costUsd: number; tokens: number };
  interim?: string;
  takesOver?: TakeOver;
}

interface Place {
  host: HostActivities;
  step: AskedStep;
  grant: Grant;
}

/** What a run has its agents do, and what that has cost. */
export class Turns {
  readonly #run: Run;
  readonly #failover: Failover;
  /** Why the last turn of a command was undone. */
  readonly #undone = new Map<CommandName, string[] | undefined>();
  readonly #continued = new Map<CommandName, string>();

  constructor(run: Run) {
    this.#run = run;
    this.#failover = new Failover(run.waits);
  }

  /** One turn of the agent, as a step; another one in the same session where people have written to it meanwhile. */
  async play(command: CommandName, values: Record<string, PromptValue>, options: TurnOptions): Promise<AgentOutcome> {
    // Texts of finished work are not what people write about meanwhile.
    const takesMessages = options.expendable !== true;
    for (let resume = this.#continued.get(command); ;) {
      const messages = takesMessages ? this.#run.messages.take() : [];
      const told = messages.length > 0 ? { messages, ...(resume ? { resume } : {}) } : {};
      const outcome = await this.#once({ command, values, ...told }, options).catch((error: unknown) => {
        this.#run.messages.putBack(messages);
        throw error;
      });
      this.#continued.delete(command);
      if (!takesMessages || this.#run.messages.none) return outcome;
      resume = outcome.session.id;
    }
  }

  /** The next turn of this command is to go on in the session of the last one, with what a person says to it. */
  continueWith(command: CommandName, session: string): void {
    this.#continued.set(command, session);
  }

  async #once(request: Request, { expendable = false, ...extra }: TurnOptions): Promise<AgentOutcome> {
    const run = this.#run;
    const { settings } = await run.position();
    showAgent(run.state.view, engineOf(run.input, { ...settings, byPhase: {} }, run.currentPhase));
    const piece: Piece = { ...request, ...extra, spent: { costUsd: 0, tokens: 0 } };
    const about = enginesOf(run.input, settings, run.currentPhase)[0];
    const answer = (place: Place) => (expendable ? this.#soon(piece, place) : this.#answer(piece, place));
    return run.step(request.command, (host, step, grant) => answer({ host, step, grant }), {
      totalMs: run.limits.agentTotalMs,
      attempts: AGENT_ATTEMPTS,
      about,
    });
  }

  /** Engines that have to wait are asked again. */
  reopen(): void {
    this.#failover.reopen();
  }

  /** An answer that is not waited for any longer than the issue is to be told of. */
  async #soon(piece: Piece, place: Place): Promise<AgentOutcome> {
    try {
      return await this.#answer(piece, place);
    } catch (error) {
      const { limits } = this.#run.waits;
      const wait = waitOf(error, limits);
      throw wait && wait.until - Date.now() >= limits.tellMs ? park(wait.trouble) : error;
    }
  }

  /** The answer of the chosen engine, or of those that go on for it in the same workspace. */
  async #answer(piece: Piece, place: Place): Promise<AgentOutcome> {
    const { input, currentPhase, state } = this.#run;
    const engines = enginesOf(input, place.grant.settings, currentPhase);
    for (let last: EngineName | undefined; ;) {
      const engine = this.#failover.choose(engines);
      if (last !== undefined && engine !== last) {
        piece.takesOver = this.#takeOver(piece, last);
        state.view.currentStep = `${piece.command} · ${engine} goes on for ${last}`;
        this.#run.show();
      }
      last = engine;
      try {
        const outcome = await place.host.runAgent(this.#turn(piece, place, engine));
        this.#ended(piece, outcome);
        return outcome;
      } catch (error) {
        this.#failed(piece, error);
        if (!this.#failover.isShut(engine, error, engines[0])) throw error;
      }
    }
  }

  #takeOver({ values }: Piece, from: EngineName): TakeOver {
    const { view } = this.#run.state;
    const plan = view.plan?.artifactId;
    const isKnown = Object.values(values).some((value) => 'artifact' in value && value.artifact === plan);
    return { from, base: view.baseSha as string, ...(plan && !isKnown ? { plan } : {}) };
  }

  #turn({ spent, resume, ...asked }: Piece, { step, grant: { commit, settings } }: Place, engine: EngineName): Asked<AgentInput> {
    const { input, state, limits, currentPhase } = this.#run;
    const undone = this.#undone.get(asked.command);
    return {
      step,
      ...asked,
      // A session is of the engine that began it.
      ...(resume && !asked.takesOver ? { resume } : {}),
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

  #ended(piece: Piece, { session, checkpoint, undone }: AgentOutcome): void {
    this.#paid(piece, session);
    this.#undone.set(piece.command, undone);
    this.#run.goBackTo(checkpoint);
    this.#run.show();
  }

  /** What it has cost is known at once, and what it has done is not lost. */
  #failed(piece: Piece, error: unknown): void {
    const spent = spentIn(error);
    if (spent) this.#paid(piece, spent);
    const { checkpoint, interim } = leftBy(error);
    if (checkpoint) this.#run.goBackTo(checkpoint);
    if (interim) piece.interim = interim;
  }

  #paid({ spent }: Piece, session: SessionView): void {
    const more = { ...session, costUsd: session.costUsd - spent.costUsd, tokens: session.tokens - spent.tokens };
    addSpending(this.#run.state.view, { phase: this.#run.currentPhase, session: more });
    Object.assign(spent, { costUsd: session.costUsd, tokens: session.tokens });
  }
}
