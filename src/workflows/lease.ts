import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  proxyActivities,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import { pauseAfter } from '../contracts/backoff.ts';
import { hostLeaseQueue, LEASE_QUEUE } from '../contracts/constants.ts';
import type { Asked, Grant, LeaseTicket } from '../contracts/lease.ts';
import type { HoldInput, LeaseActivities } from '../contracts/work.ts';
import { classOf, isLost, isSilent, park, troubleOf } from './failures.ts';
import { leaseGrantedSignal } from './messages.ts';
import { leaseProfile, SAME_HOST_WAIT } from './profiles.ts';
import type { Patience, QueueRank } from './profiles.ts';

/** A step that loses its workspace this often in a row is what kills its host. */
const MAX_LOSSES_IN_A_ROW = 5;

interface Held {
  epoch: number;
  scope: CancellationScope;
  /** Resolves when the holding activity has ended, with its failure if it failed. */
  ended: Promise<void>;
  over: boolean;
  /** Its host takes it back by itself. */
  ending: boolean;
  /** How many works go on in it. */
  works: number;
  failure?: unknown;
  grant?: Grant;
}

export interface LeaseOptions {
  epoch: number;
  host?: string;
  request: () => Omit<HoldInput, 'lease'>;
  patience: () => Patience;
  heartbeatMs?: number | undefined;
  rank: QueueRank;
  /** Other hosts can go on with the run. */
  isShared: () => boolean;
  onGrant: (grant: Grant) => void;
  onWaiting: () => void;
}

/** The run's right to a workspace: asked for when first needed, asked for again when lost, given back for every long wait. */
export class WorkspaceLease {
  #held: Held | undefined;
  #epoch: number;
  #host: string | undefined;
  readonly #options: LeaseOptions;
  readonly #runId: string;

  constructor(runId: string, options: LeaseOptions) {
    this.#runId = runId;
    this.#epoch = options.epoch;
    this.#host = options.host;
    this.#options = options;
    setHandler(leaseGrantedSignal, (grant) => this.#granted(grant));
  }

  /** Identifies the present lease to activities and fences. */
  ref(): LeaseTicket {
    return { runId: this.#runId, epoch: this.#epoch };
  }

  /**
   * Does work in a workspace. When the lease or the worker is lost meanwhile, waits until the work has settled, takes a new
   * lease and does the work again: a lost lease burns none of the run's attempts. After the last work the host takes it back.
   */
  async use<T>({ last = false }: { last?: boolean }, work: (grant: Grant) => Promise<T>): Promise<T> {
    for (let losses = 0; losses < MAX_LOSSES_IN_A_ROW; losses++) {
      const held = await this.#ensure();
      const result = await attempt(held, work);
      if ('value' in result) {
        held.ending ||= last;
        return result.value;
      }
      await this.#lose(held);
    }
    throw park({
      code: 'lease_lost',
      message: `The workspace was lost ${MAX_LOSSES_IN_A_ROW} times in a row during the same step.`,
      hint: "Look at the worker's log: something in this step ends its process or its host. Then `belay retry`.",
    });
  }

  /** Gives the workspace back and waits until its host has cleaned up. */
  async release(): Promise<void> {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    if (!held.ending) held.scope.cancel();
    await CancellationScope.nonCancellable(() => held.ended);
  }

  /** The same once nobody works in it any more. */
  async rest(): Promise<void> {
    if (this.#held) await this.#lose(this.#held);
  }

  /** The same for all that went on in it: the last of them has settled before anything else is asked for. */
  async #lose(held: Held): Promise<void> {
    await condition(() => held.works === 0);
    if (this.#held === held) await this.release();
    else await CancellationScope.nonCancellable(() => held.ended);
  }

  async #ensure(): Promise<Held & { grant: Grant }> {
    if (this.#held?.over) await this.release();
    for (let failures = 0; ;) {
      const held = (this.#held ??= this.#ask());
      if (!held.grant && !held.over) this.#options.onWaiting();
      await condition(() => held.grant !== undefined || held.over);
      if (held.grant && !held.over) return held as Held & { grant: Grant };
      await this.release();
      if (isLost(held.failure)) continue;
      const failure = held.failure ?? ApplicationFailure.nonRetryable('The lease ended before it was granted.', 'internal');
      const patience = this.#options.patience();
      if (classOf(troubleOf(failure)) !== 'retry' || ++failures > patience.retries) throw failure;
      await sleep(pauseAfter(failures, patience, Math.random()));
    }
  }

  #ask(): Held {
    const held: Held = { epoch: ++this.#epoch, scope: undefined as never, ended: undefined as never, over: false, ending: false, works: 0 };
    // Outside the caller's scope: cancelling the run first settles its work, then gives the workspace back.
    held.ended = CancellationScope.nonCancellable(async () => {
      held.scope = new CancellationScope();
      try {
        await held.scope.run(() => this.#hold(held));
      } catch (error) {
        held.failure = error;
        // Nobody has heard of that host for long: another one is as good, where it finds all of the work.
        if (isSilent(error) && this.#options.isShared()) this.#host = undefined;
      } finally {
        held.over = true;
      }
    });
    return held;
  }

  /** The host that has the files and the sessions first, then any. */
  async #hold(held: Held): Promise<void> {
    const input: Asked<HoldInput> = { lease: this.ref(), ...this.#options.request() };
    const summary = `lease ${held.epoch}`;
    const on = (taskQueue: string, wait?: string) =>
      proxyActivities<LeaseActivities>({
        ...leaseProfile(this.#options),
        taskQueue,
        summary,
        ...(wait ? { scheduleToStartTimeout: wait as '5s' } : {}),
      });
    if (this.#host === undefined) return on(LEASE_QUEUE).holdWorkspace(input);
    try {
      return await on(hostLeaseQueue(this.#host), SAME_HOST_WAIT).holdWorkspace(input);
    } catch (error) {
      if (held.grant || isCancellation(error) || !isLost(error)) throw error;
      return on(LEASE_QUEUE).holdWorkspace(input);
    }
  }

  #granted(grant: Grant): void {
    if (grant.epoch !== this.#held?.epoch || this.#held.over) return;
    this.#held.grant = grant;
    this.#host = grant.host;
    this.#options.onGrant(grant);
  }
}

/** Runs work against a held lease. Returns nothing where the lease was lost; throws what the work throws for other reasons. */
async function attempt<T>(held: Held & { grant: Grant }, work: (grant: Grant) => Promise<T>): Promise<{ value: T } | { lost: true }> {
  const caller = CancellationScope.current();
  const scope = new CancellationScope();
  held.works++;
  const working = scope.run(() => work(held.grant));
  const settled = working.then(
    () => 'settled',
    () => 'settled',
  );
  const lost = (await Promise.race([settled, held.ended.then(() => 'lost')])) === 'lost';
  if (lost) scope.cancel();
  try {
    return { value: await working };
  } catch (error) {
    if (!lost && !isLost(error)) throw error;
    if (caller.consideredCancelled) throw new CancelledFailure('The run was cancelled while its workspace was lost.');
    return { lost: true };
  } finally {
    held.works--;
  }
}
