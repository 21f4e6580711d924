import { addAbortListener } from 'node:events';
import Bottleneck from 'bottleneck';

/** Bounds how often something is called in a minute, by all workers together: each takes its share. */
export interface CallRate {
  /** Makes a call when there is room for it, in the order of asking. Rejects on the signal while it waits; the call is not made then. */
  paced<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** How long one more call would have to wait, about; in milliseconds. */
  backlogMs(): number;
  /** So many workers take part. */
  share(workers: number): void;
  /** What all workers together may make. */
  readonly perMinute: number;
}

/** So much of a minute's calls may be made at once; the rest come evenly. */
const BURST = 1 / 6;
/** A smaller share has none to make at once: then there is so long between two calls as it takes. */
const LEAST_FOR_BURSTS = 12;
const MINUTE_MS = 60_000;
/** Calls are not made at the very moment for which they were planned. */
const SLACK_MS = 100;
/** Timers are not finer than they need be. */
const TICK_MS = 250;

interface Pace {
  /** Calls at once, and what is added to them with each tick; one at a time, without ticks, where there are none. */
  atOnce?: number;
  perTick: number;
  tickMs: number;
}

/** In no minute, whenever it begins, are there more calls than allowed: a token bucket, or for few calls a pause between any two. */
export function createCallRate({ perMinute }: { perMinute: number }): CallRate {
  let pace = paceOf(perMinute);
  const bottleneck = new Bottleneck(settingsOf(pace));
  let waiting = 0;
  let last = -Infinity;
  let sharing = 1;

  // Bottleneck's own refill stops for good when its settings change (2.19).
  const refill = async (): Promise<void> => {
    const { atOnce, perTick } = pace;
    if (atOnce === undefined) return;
    const left = (await bottleneck.currentReservoir()) ?? 0;
    await bottleneck.incrementReservoir(Math.min(perTick, atOnce - left));
  };
  let timer: NodeJS.Timeout;
  const fillEvenly = (): void => {
    clearInterval(timer);
    timer = setInterval(() => void refill(), pace.tickMs);
    timer.unref();
  };
  fillEvenly();

  return {
    perMinute,
    async paced(call, signal) {
      signal?.throwIfAborted();
      waiting++;
      const made = bottleneck.schedule(() => {
        waiting--;
        last = performance.now();
        signal?.throwIfAborted();
        return call();
      });
      return signal ? unlessAborted(made, signal) : made;
    },
    backlogMs() {
      const { atOnce, perTick, tickMs } = pace;
      if (atOnce === undefined) return Math.max(0, last + tickMs - performance.now()) + waiting * tickMs;
      return waiting === 0 ? 0 : ((waiting + 1) / perTick) * tickMs;
    },
    share(workers) {
      const among = Math.max(1, workers);
      if (among === sharing) return;
      sharing = among;
      pace = paceOf(perMinute / among);
      bottleneck.updateSettings(settingsOf(pace));
      fillEvenly();
    },
  };
}

async function unlessAborted<T>(made: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  using _ = addAbortListener(signal, () => reject(signal.reason as Error));
  return await Promise.race([made, aborted]);
}

/** What may be made at once is saved up anew: who shares from now on has not saved anything. */
const settingsOf = ({ atOnce, tickMs }: Pace): Bottleneck.ConstructorOptions =>
  atOnce === undefined ? { reservoir: null, minTime: tickMs } : { reservoir: Math.min(1, atOnce), minTime: 0 };

function paceOf(share: number): Pace {
  if (share < LEAST_FOR_BURSTS) return { perTick: 1, tickMs: Math.ceil(MINUTE_MS / share) + SLACK_MS };
  const calls = Math.floor(share);
  const atOnce = Math.floor(calls * BURST);
  const evenly = calls - atOnce;
  // Rounded so that it is never more often.
  const tickMs = Math.ceil(MINUTE_MS / evenly / TICK_MS) * TICK_MS;
  return { atOnce, tickMs, perTick: Math.floor((evenly * tickMs) / MINUTE_MS) };
}
