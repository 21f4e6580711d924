import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/activity';
import pLimit from 'p-limit';
import { BelayError } from '../contracts/errors.ts';
import type { HandoverLease } from '../contracts/handover.ts';
import type { LeaseRef } from '../contracts/lease.ts';
import type { ArtifactRecord } from '../contracts/records.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { EarlierWork } from '../contracts/run-input.ts';
import type { Mirror } from '../git/mirror.ts';
import type { RefMove } from '../git/push-refs.ts';
import { checkpointRef } from '../workspace/worktree.ts';
import type { Dependencies } from './dependencies.ts';
import { performEffect } from './effects.ts';
import { artifactsToKeep, epochRef, holderIn, isAskedFor, restoreRecord, writeRecord } from './handover-record.ts';
import { logAboutWorkspace } from './lease-log.ts';
import { leaseLost } from './tenures.ts';

/** A step waits so long for its result to be pushed; a slower push goes on beside the next step. */
const PATIENCE_MS = 30_000;
/** Two hosts that want the same run at once meet at the remote at most so often. */
const TAKE_ATTEMPTS = 3;

/** What a run keeps at its remote, so that another host can go on with it, and that host alone. */
export interface Handover {
  /** Pushes what is new of the run, and waits for that where another host could not go on without it. What cannot be pushed now goes with the next one, and the log says so. Throws lease_lost. */
  keep(signal: AbortSignal): Promise<void>;
  /** Has the epoch ref move together with what `push` moves: a host that has lost the run moves nothing. Throws lease_lost. */
  alongside<T>(commit: string, push: (beside: RefMove[]) => Promise<T>): Promise<T>;
  /** Throws lease_lost where another host has the run by now. */
  assertCurrent(): Promise<void>;
}

export interface HandoverPlace {
  deps: Dependencies;
  lease: LeaseRef;
  repository: RepositoryRef;
  mirror: Mirror;
  continues?: Pick<EarlierWork, 'plan' | 'review'> | undefined;
  signal: AbortSignal;
}

/** Takes the run over at its remote. Undefined where that takes no such refs: then its checkpoints stay on this host. Throws lease_lost. */
export async function takeHandover(place: HandoverPlace): Promise<Handover | undefined> {
  const remote = new RunAtRemote(place);
  try {
    await remote.take();
    return remote;
  } catch (error) {
    // Where an earlier lease has them there, they are the only fence.
    if (!isRefusal(error) || remote.isKnown) throw error;
    await remote.say(`Another host could not go on with this run: ${error.message}. Its checkpoints stay on this host.`);
    return undefined;
  }
}

const isRefusal = (error: unknown): error is BelayError =>
  error instanceof BelayError && ['push_rejected', 'forge_forbidden'].includes(error.code);

/** What the remote has of the run. */
interface Found {
  epochSha: string | null;
  checkpointSha: string | null;
  holder?: HandoverLease | undefined;
}

interface News {
  checkpoint: string | null;
  artifacts: ArtifactRecord[];
  isNew: boolean;
  /** Without it another host could not go on. */
  isUrgent: boolean;
}

class RunAtRemote implements Handover {
  readonly #place: HandoverPlace;
  /** One push after the other: each moves the epoch ref on. */
  readonly #turn = pLimit(1);
  #epochSha: string | null = null;
  #checkpointSha: string | null = null;
  /** What was pushed, to know what is new. */
  readonly #kept = new Set<string>();
  #lines = 0;
  #refused = false;

  constructor(place: HandoverPlace) {
    this.#place = place;
  }

  get isKnown(): boolean {
    return this.#epochSha !== null;
  }

  async take(): Promise<void> {
    const { deps, lease } = this.#place;
    const { runId, epoch } = lease;
    await performEffect(deps, { name: 'take-handover', runId, on: epochRef(runId), intent: String(epoch) }, async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#takeOnce();
        } catch (error) {
          if (!isMoved(error) || attempt === TAKE_ATTEMPTS) throw error;
        }
      }
    });
  }

  async keep(signal: AbortSignal): Promise<void> {
    if (this.#refused) return;
    const { isNew, isUrgent } = await this.#news();
    if (!isNew) return;
    const done = new AbortController();
    const kept = this.#turn(() => this.#keepOnce());
    // Whoever is not waited for fails for nobody: the next push tells.
    kept.catch(() => {});
    if (!isUrgent) return;
    const patience = sleep(PATIENCE_MS, undefined, { signal: AbortSignal.any([signal, done.signal]), ref: false });
    await Promise.race([kept, patience.catch(() => signal.throwIfAborted())]).finally(() => done.abort());
  }

  async alongside<T>(commit: string, push: (beside: RefMove[]) => Promise<T>): Promise<T> {
    if (this.#refused) return push([]);
    const once = async (): Promise<T> => {
      const move = await this.#move([commit]);
      const value = await push([move]);
      this.#epochSha = move.sha;
      return value;
    };
    return this.#turn(() => this.#again(once));
  }

  async assertCurrent(): Promise<void> {
    const { mirror, lease } = this.#place;
    const ref = epochRef(lease.runId);
    const present = (await mirror.remoteRefs({ ...(await this.#access()), refs: [ref] })).get(ref);
    if (present !== this.#epochSha) await this.#look();
  }

  async say(line: string): Promise<void> {
    const { deps, lease } = this.#place;
    await logAboutWorkspace(deps, { lease, source: `handover/${lease.epoch}`, first: this.#lines++, lines: [line] });
  }

  async #takeOnce(): Promise<void> {
    const { deps, mirror, lease, signal } = this.#place;
    const found = await this.#find();
    if (found.holder && isNewer(found.holder, lease)) throw leaseLost(lease);
    this.#adopt(found);
    if (found.epochSha !== null) await restoreRecord(deps, { mirror, commit: found.epochSha, runId: lease.runId });
    const move = await this.#move([]);
    await mirror.pushRefs({ ...(await this.#access()), moves: [move], signal });
    this.#epochSha = move.sha;
  }

  async #keepOnce(): Promise<void> {
    if (this.#refused) return;
    try {
      await this.#again(() => this.#push());
    } catch (error) {
      if (isLost(error) || isMoved(error) || this.#place.signal.aborted) throw error;
      this.#refused = isRefusal(error);
      const then = this.#refused ? 'From here on its checkpoints stay on this host.' : 'The next step tries again.';
      await this.say(
        `The work so far could not be pushed for other hosts: ${error instanceof Error ? error.message : String(error)}. ${then}`,
      );
    }
  }

  /** What the run has left since the last push. */
  async #news(): Promise<News> {
    const { deps, mirror, lease, continues } = this.#place;
    const checkpoint = (await mirror.refSha(checkpointRef(lease.runId))) ?? null;
    const artifacts = await artifactsToKeep(deps, { runId: lease.runId, continues });
    const added = artifacts.filter((artifact) => !this.#kept.has(keyOf(artifact)));
    const hasMoved = checkpoint !== this.#checkpointSha;
    return { checkpoint, artifacts, isNew: hasMoved || added.length > 0, isUrgent: hasMoved || added.some(isAskedFor) };
  }

  async #push(): Promise<void> {
    const { deps, mirror, lease, signal } = this.#place;
    const { checkpoint, artifacts, isNew } = await this.#news();
    if (!isNew) return;
    const epoch = await this.#move(checkpoint === null ? [] : [checkpoint], artifacts);
    const ref = checkpointRef(lease.runId);
    const hasMoved = checkpoint !== null && checkpoint !== this.#checkpointSha;
    const moves = [epoch, ...(hasMoved ? [{ ref, sha: checkpoint, expected: this.#checkpointSha }] : [])];
    const effect = { name: 'push-checkpoint', runId: lease.runId, on: ref, intent: checkpoint ?? '' } as const;
    await performEffect(deps, effect, async () => mirror.pushRefs({ ...(await this.#access()), moves, signal }));
    this.#epochSha = epoch.sha;
    if (hasMoved) this.#checkpointSha = checkpoint;
    for (const artifact of artifacts) this.#kept.add(keyOf(artifact));
  }

  /** A refusal may come from a push of our own whose answer was lost: then the run is still ours, and it is done again from there. */
  async #again<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isMoved(error)) throw error;
      await this.#look();
      return work();
    }
  }

  /** Finds out where the refs are. Throws lease_lost where they are another lease's. */
  async #look(): Promise<void> {
    const { lease } = this.#place;
    const found = await this.#find();
    // What another lease has put there is never gone on from here.
    if (found.holder?.epoch !== lease.epoch || found.holder.executionId !== lease.executionId) throw leaseLost(lease);
    this.#adopt(found);
  }

  #adopt({ epochSha, checkpointSha }: Found): void {
    this.#epochSha = epochSha;
    this.#checkpointSha = checkpointSha;
  }

  async #find(): Promise<Found> {
    const { mirror, lease, signal: place } = this.#place;
    // Also asked when the lease is over: whose the run is by then.
    const signal = place.aborted ? undefined : place;
    const access = await this.#access();
    const names = { epoch: epochRef(lease.runId), checkpoint: checkpointRef(lease.runId) };
    const refs = await mirror.remoteRefs({ ...access, refs: Object.values(names), signal });
    const [epochSha, checkpointSha] = [refs.get(names.epoch) ?? null, refs.get(names.checkpoint) ?? null];
    if (epochSha === null) return { epochSha, checkpointSha };
    if (!(await mirror.hasCommit(epochSha))) await mirror.fetchRef({ ...access, ref: names.epoch, ...(signal ? { signal } : {}) });
    return { epochSha, checkpointSha, holder: await holderIn(mirror, epochSha) };
  }

  /** The epoch ref moves on to a commit of this lease that has the others in its history: whatever was pushed once stays to be found. */
  async #move(commits: readonly string[], known?: readonly ArtifactRecord[]): Promise<RefMove & { sha: string }> {
    const { deps, mirror, lease, continues } = this.#place;
    const artifacts = known ?? (await artifactsToKeep(deps, { runId: lease.runId, continues }));
    const tree = await writeRecord(deps, { mirror, lease, host: deps.host.id, artifacts });
    const parents = [...(this.#epochSha === null ? [] : [this.#epochSha]), ...commits];
    const message = `epoch ${lease.epoch}\n\nRun ${lease.runId}, host ${deps.host.id}.\n`;
    const sha = await mirror.commitTree({ tree, parents, message });
    return { ref: epochRef(lease.runId), sha, expected: this.#epochSha };
  }

  #access() {
    const { deps, repository } = this.#place;
    return deps.forges[repository.forge].gitAccess(repository);
  }
}

const keyOf = ({ id, sha256 }: ArtifactRecord): string => `${id} ${sha256}`;

const isNewer = (one: Pick<LeaseRef, 'epoch' | 'executionId'>, other: LeaseRef): boolean =>
  one.epoch > other.epoch || (one.epoch === other.epoch && one.executionId !== other.executionId);

/** A ref was not where it was known to be: by another host, or by a push of our own whose answer was lost. */
const isMoved = (error: unknown): boolean => error instanceof BelayError && error.code === 'lease_lost';
/** By another host: `leaseLost` says so. */
const isLost = (error: unknown): boolean => error instanceof ApplicationFailure && error.type === 'lease_lost';
