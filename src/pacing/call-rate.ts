import Bottleneck from 'bottleneck';

/** Bounds how often something is called in a minute, by all workers together: each takes its share. */
export interface CallRate {
  /** Makes a call when there is room for it, in the order of asking. */
  paced<T>(call: () => Promise<T>): Promise<T>;
  /** How long one more call would have to wait, about; in milliseconds. */
  backlogMs(): number;
  /** So many workers take part. */
  share(workers: number): void;
  /** What all workers together may make. */
  readonly perMinute: number;
}

/** So much of a minute's calls may be made at once; the rest come evenly. */
const BURST = 1 / 6;
const MINUTE_MS = 60_000;
/** Timers are not finer than they need be. */
const TICK_MS = 250;

/** A token bucket: in no minute, whenever it begins, are there more calls than allowed. */
export function createCallRate({ perMinute }: { perMinute: number }): CallRate {
  let bucket = bucketOf(perMinute);
  const bottleneck = new Bottleneck({ reservoir: bucket.atOnce });
  let waiting = 0;
  let sharing = 1;

  // Its own refill stops for good when its settings change (2.19).
  const refill = async (): Promise<void> => {
    const left = (await bottleneck.currentReservoir()) ?? 0;
    await bottleneck.incrementReservoir(Math.min(bucket.perTick, bucket.atOnce - left));
  };
  let timer: NodeJS.Timeout;
  const fillEvenly = (): void => {
    clearInterval(timer);
    timer = setInterval(() => void refill(), bucket.tickMs);
    timer.unref();
  };
  fillEvenly();

  return {
    perMinute,
    async paced(call) {
      waiting++;
      return bottleneck.schedule(() => {
        waiting--;
        return call();
      });
    },
    backlogMs: () => (waiting / bucket.perTick) * bucket.tickMs,
    share(workers) {
      const among = Math.max(1, workers);
      if (among === sharing) return;
      sharing = among;
      bucket = bucketOf(perMinute / among);
      fillEvenly();
    },
  };
}

function bucketOf(perMinute: number) {
  const calls = Math.max(1, Math.floor(perMinute));
  const atOnce = Math.max(1, Math.floor(calls * BURST));
  const evenly = Math.max(1, calls - atOnce);
  // Rounded so that it is never more often.
  const tickMs = Math.ceil(MINUTE_MS / evenly / TICK_MS) * TICK_MS;
  return { atOnce, tickMs, perTick: Math.max(1, Math.floor((evenly * tickMs) / MINUTE_MS)) };
}
