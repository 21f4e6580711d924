import type { Dependencies } from './dependencies.ts';
import { unwritten } from './journal.ts';

interface Effect {
  /** What lasts of it, wherever a process is killed. */
  lasts: string;
  /** How doing it again finds what was done before. */
  found: string;
  /** Somebody else sees it: its intent and its receipt are recorded. */
  outside?: true;
}

/** Everything that a run does and that outlasts the process that did it. A kill on either side of any of these must do no harm. */
export const EFFECTS = {
  'raise-epoch': { lasts: "the lease's epoch in the ledger", found: 'one statement compares and sets' },
  'take-handover': {
    lasts: "the run's epoch ref at the remote",
    found: 'moved by compare-and-swap; its commit names the lease',
    outside: true,
  },
  grant: { lasts: "the grant in the run's history", found: 'a grant of another epoch than the one waited for is ignored' },
  'agent-turn': {
    lasts: 'a paid turn and the files it changed',
    found: 'its session is noted as soon as it begins, its outcome when it ends',
  },
  checkpoint: { lasts: "the checkpoint's commit and ref in the mirror", found: 'unchanged content makes no commit' },
  'push-checkpoint': { lasts: "the run's refs at the remote", found: 'moved by compare-and-swap', outside: true },
  'push-branch': {
    lasts: "the run's branch at the remote",
    found: 'the same work makes the same commit, moved by compare-and-swap',
    outside: true,
  },
  'pull-request': { lasts: 'the pull request', found: 'by its head branch', outside: true },
  draft: { lasts: 'the notice on a draft', found: 'by its head branch', outside: true },
  comment: { lasts: 'the comment on the issue', found: 'by its hidden marker', outside: true },
  labels: { lasts: 'the labels of the issue', found: 'compared with those that are there', outside: true },
  'drop-handover': { lasts: "the run's refs are gone from the remote", found: 'what is not there is not removed', outside: true },
} as const satisfies Record<string, Effect>;

export type EffectName = keyof typeof EFFECTS;
export const EFFECT_NAMES = Object.keys(EFFECTS) as EffectName[];

/** The sides of an effect at which a process may end. */
export const MOMENTS = ['before-intent', 'after-intent', 'after-effect', 'after-receipt'] as const;
export type Moment = (typeof MOMENTS)[number];

/** Those that there are of an effect: what nobody else sees has neither intent nor receipt. */
export const momentsOf = (name: EffectName): readonly Moment[] =>
  isOutside(name) ? MOMENTS : MOMENTS.filter((moment) => moment === 'before-intent' || moment === 'after-effect');

/** Called at every moment of every effect. Workers have none: tests put their own programs together, which end themselves there. */
export type AtEffect = (at: { effect: EffectName; moment: Moment; runId: string }) => Promise<void>;

interface Performed<T> {
  name: EffectName;
  runId: string;
  /** What it is done to: a branch, an issue. */
  on: string;
  /** What it is to come to, such as a commit. */
  intent?: string;
  /** What it came to, such as a number. */
  receipt?: (value: T) => string;
}

/** Does what outlasts this process: its intent is recorded before, its receipt afterwards. `act` looks first what is there already. */
export async function performEffect<T>(
  { ledger, atEffect = async () => {} }: Pick<Dependencies, 'ledger' | 'atEffect'>,
  { name, runId, on, intent = '', receipt = () => '' }: Performed<T>,
  act: () => Promise<T>,
): Promise<T> {
  const at = (moment: Moment) => atEffect({ effect: name, moment, runId });
  await at('before-intent');
  if (!isOutside(name)) {
    const value = await act();
    await at('after-effect');
    return value;
  }
  await ledger.recordIntent({ runId, name, on, intent, at: new Date().toISOString() });
  await at('after-intent');
  const value = await act();
  await at('after-effect');
  await ledger
    .recordReceipt({ runId, name, on, receipt: receipt(value), at: new Date().toISOString() })
    .catch(unwritten('The receipt of an effect'));
  await at('after-receipt');
  return value;
}

/** It is there already: the receipt of an attempt that ended before it could write it. */
export async function foundEffect(
  { ledger }: Pick<Dependencies, 'ledger'>,
  { receipt, ...effect }: { name: EffectName; runId: string; on: string; receipt: string },
): Promise<void> {
  await ledger.recordReceipt({ ...effect, receipt, at: new Date().toISOString() }).catch(unwritten('The receipt of an effect'));
}

const isOutside = (name: EffectName): boolean => 'outside' in EFFECTS[name];
