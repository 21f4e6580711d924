import { CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow';
import { ORCHESTRATOR_QUEUE } from '../contracts/constants.ts';
import type { CommandName, PhaseName } from '../contracts/constants.ts';
import { isAcceptable } from '../contracts/evidence.ts';
import type { Evidence } from '../contracts/evidence.ts';
import type { Grant } from '../contracts/lease.ts';
import type { RunInput, RunLimits } from '../contracts/run-input.ts';
import type { RunSettings, RunState } from '../contracts/run-state.ts';
import type { AgentOutcome, AskedStep, HostActivities, OrchestratorActivities, PromptValue } from '../contracts/work.ts';
import { isSwitchedOff } from './choices.ts';
import { applyGrant, holdRequest } from './grants.ts';
import { Finished, Overtime, troubleOf, Unfinished, Withdrawn } from './failures.ts';
import { WorkspaceLease } from './lease.ts';
import type { Phase, PhaseResult } from './phase.ts';
import { hostProfile, patienceOf, shortProfile, rankOf } from './profiles.ts';
import { Recorder } from './recorder.ts';
import { Results } from './results.ts';
import { Notices } from './notices.ts';
import { Inbox } from './inbox.ts';
import { findBy } from './search-attributes.ts';
import { Turns } from './turns.ts';
import type { TurnOptions } from './turns.ts';
import { Versions } from './versions.ts';
import { Waits } from './waiting.ts';
import { beginPhase, endPhase, noteUnfinished, phaseView } from './view.ts';

interface StepOptions {
  totalMs?: number;
  attempts?: number;
  about?: string;
  /** The run needs no workspace after this: its host takes it back by itself. */
  last?: boolean;
}

/** What pipelines and phases are written against. */
export class Run {
  readonly input: RunInput;
  readonly state: RunState;
  readonly results: Results;
  readonly recorder: Recorder;
  readonly notices: Notices;
  readonly waits: Waits;
  readonly versions: Versions;
  readonly #lease: WorkspaceLease;
  #phase: PhaseName = 'classify';
  #attempt = 1;
  /** What people wrote that no agent was told yet. */
  readonly messages: Inbox;
  readonly turns: Turns;
  /** Ends the run whatever goes on: nobody wants it any more. */
  withdraw: (reason: string) => void = () => {};

  constructor(input: RunInput, state: RunState) {
    this.input = input;
    this.state = state;
    this.results = new Results(state);
    this.recorder = new Recorder(state);
    this.notices = new Notices(this);
    this.versions = new Versions(state);
    this.messages = new Inbox(state);
    this.waits = new Waits(this);
    this.turns = new Turns(this);
    this.#lease = new WorkspaceLease(input.id, {
      epoch: state.epoch,
      ...(state.host ? { host: state.host } : {}),
      request: () => holdRequest(this.input, this.state),
      patience: () => patienceOf(this.limits),
      heartbeatMs: input.limits.heartbeatMs,
      rank: rankOf(input),
      isShared: () => state.handover === true,
      onGrant: (grant) => {
        const isFirst = this.state.view.startedAt === undefined;
        applyGrant(this.state, grant);
        if (isFirst) this.notices.soon('run.started');
        findBy({ status: 'running', phase: this.#phase });
        this.#recordSoon();
      },
      onWaiting: () => this.#waiting(),
    });
  }

  /** Runs a phase, unless this occurrence of it has a result or it is switched off. */
  async phase<T extends PhaseResult>(phase: Phase<T>): Promise<T | undefined> {
    if (this.isOff(phase.name)) return this.#skip(phase);
    if (this.results.depth > 0) return this.results.keep(phase.name, () => phase.body(this));
    return this.results.keep(phase.name, () => this.#topLevel(phase));
  }

  /** The phase of the pipeline that goes on. */
  get currentPhase(): PhaseName {
    return this.#phase;
  }

  isOff(name: PhaseName): boolean {
    return isSwitchedOff(this.input, this.state.settings, name);
  }

  /** Says how the phase stands while it goes on; its result replaces it. */
  say(summary: string): void {
    phaseView(this.state.view, this.#phase).summary = summary;
    this.show();
  }

  /** Shows a check with the phase `test`, or with the present phase where the pipeline has none. */
  showEvidence(evidence: Evidence): void {
    const { phases } = this.state.view;
    const shown = phases.find(({ name }) => name === 'test') ?? phaseView(this.state.view, this.#phase);
    shown.evidence = evidence;
    if (isAcceptable(evidence)) this.state.evidence = evidence;
  }

  /** A named round of a loop: what happens inside is kept under its number. */
  async attempt<T>(number: number, body: () => Promise<T>): Promise<T> {
    const outer = this.#attempt;
    if (this.results.depth === 1) phaseView(this.state.view, this.#phase).attempts = number;
    this.#attempt = number;
    try {
      return await this.results.within(String(number), body);
    } finally {
      this.#attempt = outer;
    }
  }

  /** A step in the workspace, kept by its occurrence. */
  async step<T>(
    name: string,
    work: (host: HostActivities, step: AskedStep, grant: Grant) => Promise<T>,
    options: StepOptions = {},
  ): Promise<T> {
    return this.results.keepStep(name, async () => {
      if (this.state.workedMs > this.limits.workingMs) throw new Overtime();
      const number = ++this.state.nextStep;
      const { totalMs = 60_000, attempts = Infinity, about, last = false } = options;
      const patience = patienceOf(this.limits);
      this.state.view.currentStep = [name, about, `attempt ${this.#attempt}`].filter(Boolean).join(' · ');
      this.show();
      const summary = this.state.view.currentStep;
      return this.#use({ last }, async (grant) => {
        const began = Date.now();
        const profile = hostProfile({ totalMs, attempts, patience, heartbeatMs: this.limits.heartbeatMs });
        const host = proxyActivities<HostActivities>({ ...profile, taskQueue: grant.taskQueue, summary });
        const place = { lease: this.#lease.ref(), number, name, phase: this.#phase, attempt: this.#attempt };
        const step = { ...place, ...(last ? { last } : {}) };
        const result = await work(host, step, grant);
        // Waits do not count, nor does what was lost with a worker.
        this.state.workedMs += Math.max(0, Date.now() - began);
        return result;
      });
    });
  }

  /** One turn of the agent. What it changed is committed as the new checkpoint. */
  async agent(command: CommandName, values: Record<string, PromptValue>, options: TurnOptions = {}): Promise<AgentOutcome> {
    return this.turns.play(command, values, options);
  }

  /** The issue's text, read once per run. */
  async issue(): Promise<PromptValue> {
    if (!this.state.issueArtifact) {
      const { issue, request, repository } = this.input;
      const { artifactId, digest } = await this.step('read-issue', (host, step) =>
        host.readIssue({
          step,
          ...(issue ? { issue: { tracker: issue.tracker, repository, key: issue.key } } : {}),
          ...(request ? { request } : {}),
        }),
      );
      this.state.issueArtifact = artifactId;
      if (digest) this.state.issueDigest = digest;
    }
    return { artifact: this.state.issueArtifact, as: 'data' };
  }

  /** The plan, for phases that need one. */
  plan(): PromptValue {
    const { plan } = this.state.view;
    return plan ? { artifact: plan.artifactId, as: 'data' } : { text: 'No plan was made: the issue itself says what to do.' };
  }

  /** What the run has changed so far. */
  async diff(): Promise<PromptValue> {
    const { from, to } = await this.position();
    return { diff: { from, to } };
  }

  /** The base and the newest checkpoint; takes a workspace if the run has none yet, for only a host knows them. */
  async position(): Promise<{ from: string; to: string; settings: RunSettings }> {
    if (!this.state.view.baseSha || !this.state.settings) await this.#use({}, async () => {});
    const { view, settings, checkpoint } = this.state;
    return { from: view.baseSha as string, to: checkpoint ?? (view.baseSha as string), settings: settings as RunSettings };
  }

  /** The installation's limits, and the repository's over them. */
  get limits(): RunLimits {
    return { ...this.input.limits, ...this.state.settings?.limits };
  }

  /** Goes back to an earlier checkpoint; every step brings the workspace to the checkpoint it starts from. */
  goBackTo(checkpoint: string): void {
    this.state.checkpoint = checkpoint;
    this.state.view.headSha = checkpoint;
  }

  orchestrator(summary: string): OrchestratorActivities {
    return proxyActivities<OrchestratorActivities>({ ...shortProfile(patienceOf(this.limits)), taskQueue: ORCHESTRATOR_QUEUE, summary });
  }

  /** Goes on at once where the run waits for something that ends by itself. */
  wake(): void {
    this.turns.reopen();
    this.waits.wake();
  }

  /** Gives the workspace back, for a wait. */
  async rest(): Promise<void> {
    await this.#lease.rest();
    await this.release();
  }

  /** Gives the workspace back. */
  async release(): Promise<void> {
    await this.#lease.release();
    this.state.epoch = this.#lease.ref().epoch;
    delete this.state.view.workspace;
  }

  show(): void {
    this.recorder.show();
  }

  async record(): Promise<void> {
    await this.recorder.record();
  }

  async #use<T>(how: { last?: boolean }, work: (grant: Grant) => Promise<T>): Promise<T> {
    return this.waits.through(() => this.#lease.use(how, work));
  }

  async #topLevel<T extends PhaseResult>(phase: Phase<T>): Promise<T> {
    const shown = phaseView(this.state.view, phase.name);
    this.#phase = phase.name;
    beginPhase(shown);
    await this.#announce();
    try {
      const result = await phase.body(this);
      endPhase(shown, 'completed');
      shown.summary = result.summary;
      return result;
    } catch (error) {
      if (error instanceof Finished) shown.summary = 'nothing to change';
      const isStopped = error instanceof Withdrawn || isCancellation(error);
      endPhase(shown, error instanceof Finished ? 'completed' : isStopped ? 'cancelled' : 'failed');
      if (error instanceof Finished || isStopped) throw error;
      shown.error = troubleOf(error);
      if (error instanceof Unfinished) return noteUnfinished(this.state.view, shown, error.trouble) as PhaseResult as T;
      if (!phase.optional) throw error;
      return { summary: 'failed; the run goes on' } as T;
    } finally {
      this.show();
    }
  }

  /** A run without a workspace is pending, whatever its phase: the grant tells both. */
  async #announce(): Promise<void> {
    if (this.state.view.status === 'pending') return this.show();
    findBy({ phase: this.#phase });
    await this.record();
  }

  async #skip(phase: Phase): Promise<undefined> {
    if (this.results.depth === 0) phaseView(this.state.view, phase.name).status = 'skipped';
    return undefined;
  }

  /** For handlers, which cannot wait for it. */
  #recordSoon(): void {
    void CancellationScope.nonCancellable(() => this.record());
  }

  #waiting(): void {
    if (this.state.view.status === 'pending') return this.show();
    Object.assign(this.state.view, { status: 'waiting', waitingFor: 'workspace' });
    findBy({ status: 'waiting' });
    this.#recordSoon();
  }
}
