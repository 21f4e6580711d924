import type { ArtifactRecord, EffectRecord, SessionRecord, StepRecord } from '../contracts/records.ts';
import type { RunVersion } from '../contracts/run-state.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { Epoch, Ledger } from './ledger.ts';

interface Both {
  /** The database that all share, which may not have the newest of this host's runs yet. */
  there: () => Promise<unknown>;
  /** What this host has recorded itself. */
  here: () => Promise<unknown>;
}

/** Puts together what each knows. Where both know the same thing, `newer` says which counts. */
function merged<Item>(there: Item[], here: Item[], keyOf: (item: Item) => string, newer = (_there: Item, own: Item): Item => own): Item[] {
  const all = new Map(there.map((item) => [keyOf(item), item]));
  for (const own of here) {
    const known = all.get(keyOf(own));
    all.set(keyOf(own), known === undefined ? own : newer(known, own));
  }
  return [...all.values()];
}

const laterRun = (one: RunView, other: RunView): RunView => (other.version > one.version ? other : one);
const byTime = (one: RunView, other: RunView): number => other.createdAt.localeCompare(one.createdAt) || other.id.localeCompare(one.id);

type Merge = (there: never, here: never) => unknown;

/** The readings of which this host may know more. Of the others the database's answer is as good. */
const MERGES: Partial<Record<keyof Ledger, Merge>> = {
  getRun: laterRun,
  issueRuns: (there: RunView[], here: RunView[]) => merged(there, here, ({ id }) => id, laterRun).toSorted(byTime),
  listSteps: (there: StepRecord[], here: StepRecord[]) =>
    merged(there, here, ({ number }) => String(number)).toSorted((one, other) => one.number - other.number),
  listSessions: (there: SessionRecord[], here: SessionRecord[]) => merged(there, here, ({ step, sessionId }) => `${step} ${sessionId}`),
  listArtifacts: (there: ArtifactRecord[], here: ArtifactRecord[]) => merged(there, here, ({ id }) => id),
  listVersions: (there: RunVersion[], here: RunVersion[]) =>
    merged(there, here, ({ version }) => String(version)).toSorted((one, other) => one.version - other.version),
  listEffects: (there: EffectRecord[], here: EffectRecord[]) => merged(there, here, ({ name, on }) => `${name} ${on}`),
  currentEpoch: (there: Epoch, here: Epoch) => (here.epoch > there.epoch ? here : there),
};

/** Asks both; what only one of them knows is the answer. Rejects as the database does where this host knows nothing either. */
export async function ofBoth(name: keyof Ledger, { there, here }: Both): Promise<unknown> {
  const [shared, own] = await Promise.allSettled([there(), here()]);
  const known = own.status === 'fulfilled' && !isNothing(own.value);
  if (shared.status === 'rejected') {
    if (known) return own.value;
    throw shared.reason;
  }
  if (!known || shared.value === undefined) return shared.value ?? (known ? own.value : undefined);
  const merge = MERGES[name] as ((there: unknown, here: unknown) => unknown) | undefined;
  return merge ? merge(shared.value, own.value) : shared.value;
}

/** An empty answer of a ledger. */
export const isNothing = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.length === 0);
