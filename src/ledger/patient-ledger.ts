import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from './ledger.ts';
import { openLedger } from './open-ledger.ts';
import type { LedgerPlace } from './open-ledger.ts';
import { openOutbox } from './outbox.ts';
import { isNothing, ofBoth } from './of-both.ts';
import type { Outbox, Waiting } from './outbox.ts';
import type { EventWatch } from './service-ledger.ts';
import { isOfDatabase, isPassing } from './postgres-errors.ts';
import { SharedLedger } from './shared-ledger.ts';

/** What a worker says of its runs. All may be repeated, so that one whose answer was lost is simply said again. */
const RECORDINGS = [
  'recordRun',
  'recordStep',
  'recordSession',
  'recordArtifact',
  'recordVersions',
  'recordIntent',
  'recordReceipt',
  'appendLogs',
] as const satisfies (keyof Ledger)[];
type Recording = (typeof RECORDINGS)[number];

/** What a worker has to know of its runs to go on with them. */
const READINGS = [
  'getRun',
  'issueRuns',
  'listSteps',
  'listSessions',
  'listArtifacts',
  'getArtifact',
  'listVersions',
  'listEffects',
  'readLogs',
  'currentEpoch',
] as const satisfies (keyof Ledger)[];

/** Of these other hosts may know, where this one knows nothing. */
const OF_ALL: readonly (keyof Ledger)[] = ['issueRuns', 'currentEpoch'];

/** How soon a database that is back is noticed. */
const LOOK_MS = 1000;
const DELIVERED_AT_ONCE = 100;
/** What this host knows of its own runs is for the time that they work. */
const KEPT_MS = 7 * 24 * 3_600_000;
const FORGET_EVERY_MS = 3_600_000;

export interface PatientOptions {
  place: LedgerPlace;
  home: string;
  onProblem: (error: unknown, message: string) => void;
}

/**
 * The ledger of a worker. With a database of its own, on this machine, it is that. A Postgres may be away for a while: the worker's runs
 * go on by what this host knows of them, and what is recorded meanwhile is delivered, in order, when it is back.
 */
export async function openPatientLedger({ place, home, onProblem }: PatientOptions): Promise<Ledger> {
  if ('path' in place) return openLedger(place);
  await using stack = new AsyncDisposableStack();
  const local = stack.use(await openLedger({ path: join(home, 'own-runs.db') }));
  const outbox = stack.use(openOutbox(join(home, 'outbox.db')));
  const shared = stack.use(new SharedLedger({ place, onProblem }));
  await shared.begin();
  stack.use(deliver({ shared, outbox, onProblem }));
  stack.use(await keepForgetting({ local, onProblem }));
  const kept = stack.move();
  return { ...patiently({ shared, local, outbox, onProblem }), [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

interface Parts {
  shared: SharedLedger;
  /** What this host has recorded itself. */
  local: Ledger;
  outbox: Outbox;
  onProblem: PatientOptions['onProblem'];
}

type Method = (...parameters: unknown[]) => Promise<unknown>;

const methodOf = (ledger: Ledger, name: keyof Ledger): Method => ledger[name] as Method;

/** Everything that a ledger does, by name, each in the way that bears the database's absence best. */
function patiently(parts: Parts): Omit<Ledger, typeof Symbol.asyncDispose> {
  const { shared, local } = parts;
  const direct =
    (name: keyof Ledger): Method =>
    (...parameters) =>
      shared.ask((ledger) => methodOf(ledger, name)(...parameters));
  const names = Object.keys(local) as (keyof Ledger & string)[];
  const methods = new Map<string, unknown>(names.map((name) => [name, direct(name)]));
  for (const name of RECORDINGS) methods.set(name, recording(parts, name));
  for (const name of READINGS) methods.set(name, reading(parts, name));
  methods.set('raiseEpoch', raising(parts));
  methods.set('forRepositories', () => {
    throw new Error('A worker works for all repositories.');
  });
  methods.set('watchEvents', (watch: EventWatch) => shared.watchEvents(watch));
  return Object.fromEntries(methods) as unknown as Ledger;
}

/** Said at once, or kept. While something waits, all waits behind it. */
function recording({ shared, local, outbox, onProblem }: Parts, name: Recording): Method {
  return async (...parameters) => {
    await methodOf(
      local,
      name,
    )(...parameters).catch((error: unknown) => onProblem(error, 'What this host knows of its runs could not be written'));
    if (shared.away || !outbox.isEmpty()) {
      outbox.add(name, parameters);
      return;
    }
    try {
      await shared.askSoon((ledger) => methodOf(ledger, name)(...parameters));
    } catch (error) {
      if (!isOfDatabase(error)) throw error;
      outbox.add(name, parameters);
    }
  };
}

/** From the database; while that is away, or does not know the newest yet, with what this host knows. */
function reading({ shared, local, outbox }: Parts, name: keyof Ledger): Method {
  return async (...parameters) => {
    const here = () => methodOf(local, name)(...parameters);
    const there = () => shared.askSoon((ledger) => methodOf(ledger, name)(...parameters));
    try {
      return await (outbox.isEmpty() ? there() : ofBoth(name, { there, here }));
    } catch (error) {
      if (!isPassing(error)) throw error;
      const known = await here().catch(() => {
        // That this host does not know the run says nothing.
        throw error;
      });
      if (OF_ALL.includes(name) && isNothing(known)) throw error;
      return known;
    }
  };
}

/** Without the database the fence is what it is between hosts that have none in common: this host's own, and the remote's. */
function raising({ shared, local, outbox }: Parts): Ledger['raiseEpoch'] {
  return async (lease) => {
    try {
      const isRaised = await shared.askSoon((ledger) => ledger.raiseEpoch(lease));
      if (isRaised) await local.raiseEpoch(lease);
      return isRaised;
    } catch (error) {
      if (!isPassing(error)) throw error;
      const isRaised = await local.raiseEpoch(lease);
      if (isRaised) outbox.add('raiseEpoch', [lease]);
      return isRaised;
    }
  };
}

/** Brings to the database what waits for it, until disposed. What is left then waits for the next worker. */
function deliver({ shared, outbox, onProblem }: Omit<Parts, 'local'>): AsyncDisposable {
  const over = new AbortController();
  const deliverAll = async (): Promise<void> => {
    for (let batch = outbox.first(DELIVERED_AT_ONCE); batch.length > 0; batch = outbox.first(DELIVERED_AT_ONCE)) {
      for (const waiting of batch) {
        if (over.signal.aborted) return;
        await deliverOne({ shared, outbox, onProblem }, waiting);
      }
    }
  };
  let told = '';
  const tell = (error: unknown): void => {
    const words = String(error);
    if (words !== told) onProblem(error, 'What waits for the database could not be delivered; it is tried again');
    told = words;
  };
  const keepDelivering = async (): Promise<void> => {
    do {
      try {
        if (!shared.away && outbox.isEmpty()) continue;
        await shared.look();
        await deliverAll();
        told = '';
      } catch (error) {
        if (!isPassing(error)) tell(error);
      }
    } while (await sleep(LOOK_MS, true, { signal: over.signal, ref: false }).catch(() => false));
  };
  const ended = keepDelivering();
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await ended;
    },
  };
}

async function deliverOne({ shared, outbox, onProblem }: Omit<Parts, 'local'>, waiting: Waiting): Promise<void> {
  const parameters = JSON.parse(waiting.parameters) as unknown[];
  try {
    await shared.askSoon((ledger) => methodOf(ledger, waiting.method as keyof Ledger)(...parameters));
    outbox.remove(waiting.seq);
  } catch (error) {
    if (isOfDatabase(error)) throw error;
    outbox.refuse(waiting, error instanceof Error ? error.message : String(error));
    onProblem(error, `The database does not take a recording (${waiting.method}), which is set apart in outbox.db`);
  }
}

/** Of runs that it has long had no part in this host needs nothing any more, however they went on elsewhere: at once, and every hour. */
async function keepForgetting({ local, onProblem }: Pick<Parts, 'local' | 'onProblem'>): Promise<AsyncDisposable> {
  const over = new AbortController();
  const forget = async (): Promise<void> => {
    const before = new Date(Date.now() - KEPT_MS).toISOString();
    await local.expire({ events: before });
    await local.forgetRuns(before);
  };
  await forget();
  const keepOn = async (): Promise<void> => {
    while (await sleep(FORGET_EVERY_MS, true, { signal: over.signal, ref: false }).catch(() => false))
      await forget().catch((error: unknown) => onProblem(error, 'What this host knows of old runs could not be removed'));
  };
  const ended = keepOn();
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await ended;
    },
  };
}
