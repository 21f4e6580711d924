import { CircuitState, circuitBreaker, ConsecutiveBreaker, handleAll } from 'cockatiel';
import type { CircuitBreakerPolicy } from 'cockatiel';
import { BelayError } from '../contracts/errors.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import type { BreakerRow, Ledger } from '../ledger/ledger.ts';

/** When a breaker opens and closes. */
export interface BreakerTiming {
  /** So many failures in a row open it. */
  failures: number;
  /** So long it stays open; then work is let through on trial. */
  openMs: number;
  /** So many successes on trial close it. */
  successes: number;
}

/** Keeps work away from what fails again and again; all workers that share a ledger share its state. */
export interface Breaker {
  /** Does the work unless it is open, and has the outcome count. Throws `BelayError` breaker_open. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Throws `BelayError` breaker_open. For what says nothing of how the other side is. */
  check(): Promise<void>;
}

export type Breakers = (kind: 'engine' | 'forge', name: string) => Breaker;

/** The other side does not answer, or not now. What a crash or a refusal says is about one piece of work. */
const FAILURES: readonly ErrorCode[] = ['engine_overloaded', 'forge_unreachable'];
/** Others write between reading and writing, each of them once. */
const MAX_TRIES = 50;

interface Options extends BreakerTiming {
  ledger: Pick<Ledger, 'readBreaker' | 'writeBreaker'>;
  /** The state could not be read or written: the work goes on without. */
  onProblem: (error: unknown, message: string) => void;
}

export function createBreakers({ ledger, onProblem, ...timing }: Options): Breakers {
  return (kind, name) => {
    const key = `${kind}:${name}`;
    const check = async (): Promise<void> => {
      const row = await ledger.readBreaker(key).catch((error: unknown) => {
        onProblem(error, `The breaker of ${name} could not be read`);
        return undefined;
      });
      const until = openUntil(row, timing);
      if (until) throw isOpen(name, until);
    };
    const count = async (outcome: Outcome): Promise<Date | undefined> => {
      try {
        return await counted({ ledger, key, timing, outcome });
      } catch (error) {
        onProblem(error, `The breaker of ${name} could not be written`);
        return undefined;
      }
    };
    const run = async <T>(work: () => Promise<T>): Promise<T> => {
      await check();
      try {
        const value = await work();
        await count('success');
        return value;
      } catch (error) {
        if (!(error instanceof BelayError) || !FAILURES.includes(error.code)) throw error;
        const until = await count('failure');
        // Whose failure opens it waits like all others.
        throw until ? isOpen(name, until, error) : error;
      }
    };
    return { run, check };
  };
}

type Outcome = 'success' | 'failure';

/** The policy's own state, and what it does not keep: the successes on trial so far. */
interface Kept {
  policy: { ownState: { value: CircuitState; openedAt?: number }; breakerState: unknown };
  trials: number;
}

const keptIn = ({ state }: BreakerRow): Kept => JSON.parse(state) as Kept;

function openUntil(row: BreakerRow | undefined, { openMs }: BreakerTiming): Date | undefined {
  const { value, openedAt = 0 } = row ? keptIn(row).policy.ownState : {};
  const now = Date.now();
  const leftMs = openedAt + openMs - now;
  // Opened later than now: by a clock that goes ahead. On trial is right then, whatever the time.
  return value === CircuitState.Open && leftMs > 0 && openedAt - now < openMs ? new Date(now + leftMs) : undefined;
}

interface Counting {
  ledger: Options['ledger'];
  key: string;
  timing: BreakerTiming;
  outcome: Outcome;
}

/** Brings one outcome into the state that all share. Gives the end of the time that the breaker is open by now. */
async function counted({ ledger, key, timing, outcome }: Counting): Promise<Date | undefined> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const row = await ledger.readBreaker(key);
    if (outcome === 'success' && isSound(row)) return undefined;
    // What had begun before it opened says nothing new.
    const until = openUntil(row, timing);
    if (until) return outcome === 'failure' ? until : undefined;
    const state = JSON.stringify(await after(row && keptIn(row), timing, outcome));
    const version = (row?.version ?? 0) + 1;
    if (await ledger.writeBreaker({ key, state, version })) return openUntil({ state, version }, timing);
  }
  throw new Error(`The state of ${key} was changed by others ${MAX_TRIES} times in a row.`);
}

function isSound(row: BreakerRow | undefined): boolean {
  if (!row) return true;
  const { ownState, breakerState } = keptIn(row).policy;
  return ownState.value === CircuitState.Closed && breakerState === 0;
}

async function after(kept: Kept | undefined, timing: BreakerTiming, outcome: Outcome): Promise<Kept> {
  const policy = policyOf(kept, timing);
  for (let trials = 0; trials < (kept?.trials ?? 0); trials++) await play(policy, 'success');
  await play(policy, outcome);
  const isOnTrial = policy.state === CircuitState.HalfOpen;
  return { policy: policy.toJSON() as Kept['policy'], trials: isOnTrial ? (kept?.trials ?? 0) + 1 : 0 };
}

function policyOf(kept: Kept | undefined, { failures, openMs, successes }: BreakerTiming): CircuitBreakerPolicy {
  const state = kept?.policy;
  // It is known to be over, whatever clock it was opened by.
  const initialState = state && { ...state, ownState: { ...state.ownState, ...('openedAt' in state.ownState ? { openedAt: 0 } : {}) } };
  return circuitBreaker(handleAll, {
    halfOpenAfter: openMs,
    breaker: new ConsecutiveBreaker(failures),
    halfOpenSampling: { calls: successes, threshold: 0 },
    ...(initialState ? { initialState } : {}),
  });
}

const play = async (policy: CircuitBreakerPolicy, outcome: Outcome): Promise<void> =>
  policy
    .execute(() => {
      if (outcome === 'failure') throw new Error('It failed.');
    })
    .catch(() => {});

function isOpen(name: string, until: Date, cause?: BelayError): BelayError {
  const { message, usage } = cause ?? {};
  return new BelayError({
    code: 'breaker_open',
    message: `${name} has failed several times in a row and is left alone until ${until.toISOString()}${message ? `: ${message}` : '.'}`,
    hint: 'It is tried again by itself then. If it lasts, look at the network and at the status page of the provider.',
    retryAt: until,
    cause,
    ...(usage ? { usage } : {}),
  });
}
