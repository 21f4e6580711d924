import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BelayError } from '../contracts/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { tryLock } from '../process/exclusive-lock.ts';
import type { RunFiles } from '../run-files/run-files.ts';
import type { ArtifactStore } from '../run-files/store/artifact-store.ts';
import { sendFile } from '../run-files/store/send-file.ts';
import { openWaitingFiles } from '../run-files/store/waiting-files.ts';
import type { WaitingFile, WaitingFiles } from '../run-files/store/waiting-files.ts';

/** How soon what another process of this home has left to be done is noticed. */
const LOOK_MS = 500;
/** A store that does not answer is asked again after so long, then after twice that, and so on. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
const AT_ONCE = 4;
/** A process that stops sends what it can until then; the rest waits for the next one. */
const LAST_MS = 5000;

export interface SharedFilesOptions {
  home: string;
  store: ArtifactStore;
  ledger: Ledger;
  files: RunFiles;
  onProblem: (error: unknown, message: string) => void;
}

export interface SharedFiles extends AsyncDisposable {
  /** Whatever is recorded as an artifact by it reaches the store, however long that takes. */
  ledger: Ledger;
  /** What is removed by it goes from the store as well. */
  files: RunFiles;
}

/** Sends the files of this home to the store, one process of the home at a time. A store that is away holds up nobody. */
export function shareFiles({ ledger, files, ...options }: SharedFilesOptions): SharedFiles {
  const waiting = openWaitingFiles(join(options.home, 'unsent.db'));
  const sender = send({ ...options, ledger, files, waiting });
  const sharing = (own: Ledger): Ledger => ({
    ...own,
    forRepositories: (repositories) => sharing(own.forRepositories(repositories)),
    async recordArtifact(artifact) {
      // First: a file that the ledger knows of is at least on its way.
      waiting.put(artifact);
      sender.wake();
      await own.recordArtifact(artifact);
    },
  });
  return {
    ledger: sharing(ledger),
    files: {
      ...files,
      async remove(runId) {
        waiting.remove(runId);
        sender.wake();
        await files.remove(runId);
      },
    },
    async [Symbol.asyncDispose]() {
      await sender[Symbol.asyncDispose]();
      waiting[Symbol.dispose]();
    },
  };
}

type Sending = SharedFilesOptions & { waiting: WaitingFiles };

function send(options: Sending): AsyncDisposable & { wake(): void } {
  const stopping = new AbortController();
  const over = new AbortController();
  let woken = Promise.withResolvers<void>();
  let told = '';
  const tell = (error: unknown): void => {
    const words = String(error);
    if (words !== told && !over.signal.aborted) options.onProblem(error, 'Files of runs could not be sent to the store; it is tried again');
    told = words;
  };
  const pause = async (ms: number): Promise<void> => {
    const rest = new AbortController();
    const signal = AbortSignal.any([stopping.signal, rest.signal]);
    const slept = sleep(ms, undefined, { signal, ref: false }).catch(() => {});
    await (ms === LOOK_MS ? Promise.race([slept, woken.promise]) : slept);
    rest.abort();
    woken = Promise.withResolvers<void>();
  };
  const keepSending = async (): Promise<void> => {
    let failures = 0;
    for (;;) {
      // What came before the order to stop is looked at once more.
      const isLast = stopping.signal.aborted;
      try {
        await sendAll(options, over.signal);
        failures = 0;
        told = '';
      } catch (error) {
        tell(error);
        failures++;
      }
      if (isLast || over.signal.aborted) return;
      await pause(failures === 0 ? LOOK_MS : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1)));
    }
  };
  const ended = keepSending();
  return {
    wake: () => woken.resolve(),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      const late = setTimeout(() => over.abort(), LAST_MS);
      await ended;
      clearTimeout(late);
    },
  };
}

/** Rejects with what the store, or else the first file, failed with: the others are sent all the same. */
async function sendAll(options: Sending, signal: AbortSignal): Promise<void> {
  const { home, waiting } = options;
  if (waiting.next(0, 1).length === 0) return;
  // Another process of this home is at it.
  using lock = tryLock(join(home, 'unsent.lock'));
  if (!lock) return;
  const failed: unknown[] = [];
  let after = 0;
  for (let batch = waiting.next(after, AT_ONCE); batch.length > 0; batch = waiting.next(after, AT_ONCE)) {
    signal.throwIfAborted();
    const outcomes = await Promise.allSettled(batch.map((file) => sendOne(options, file, signal)));
    for (const outcome of outcomes) if (outcome.status === 'rejected') failed.push(outcome.reason);
    const away = failed.find(isUnusable);
    if (away) throw away;
    after = batch.at(-1)?.seq ?? after;
  }
  if (failed.length > 0) throw failed[0];
}

const isUnusable = (error: unknown): boolean => error instanceof BelayError && error.code === 'artifact_store_unusable';

async function sendOne(options: Sending, file: WaitingFile, signal: AbortSignal): Promise<void> {
  const { store, ledger, files, waiting, onProblem } = options;
  // A database that does not answer is no reason to keep files back: what is too much goes when the run's folder does.
  const isDeleted = () => ledger.isDeletedRun(file.runId).catch(() => false);
  if ('remove' in file || (await isDeleted())) {
    await store.removeRun(file.runId, signal);
    return waiting.done(file.seq);
  }
  const path = files.absolute(file.put.path);
  const sent = await sendFile({ store, path, artifact: file.put, signal });
  if (sent === 'gone') onProblem(new Error(`${path} is gone.`), 'A file of a run was removed before it could be sent to the store');
  // Deleted meanwhile: then nobody else removes it.
  if (sent === 'sent' && (await isDeleted())) await store.removeRun(file.runId, signal);
  waiting.done(file.seq);
}
