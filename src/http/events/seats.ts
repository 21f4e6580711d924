import { BelayError } from '../../contracts/errors.ts';
import type { Caller } from '../caller.ts';

/** How many connections may be kept open by who follows something, in this process. */
export interface SeatLimits {
  perToken: number;
  total: number;
}

export interface Seats {
  /** A place for one who follows something; the call gives it back. Throws too_many_calls. */
  take(caller: Pick<Caller, 'id'>): () => void;
}

export function createSeats({ perToken, total }: SeatLimits): Seats {
  const taken = new Map<string, number>();
  let all = 0;
  const add = (id: string, count: number): void => {
    all += count;
    const now = (taken.get(id) ?? 0) + count;
    if (now > 0) taken.set(id, now);
    else taken.delete(id);
  };
  return {
    take({ id }) {
      if ((taken.get(id) ?? 0) >= perToken) throw full(`This token keeps ${perToken} connections open already to follow something.`);
      if (all >= total) throw full(`${total} connections are kept open already to follow something.`);
      add(id, 1);
      let isTaken = true;
      return () => {
        if (isTaken) add(id, -1);
        isTaken = false;
      };
    },
  };
}

const full = (message: string): BelayError =>
  new BelayError({
    code: 'too_many_calls',
    message,
    hint: 'Follow all runs over one WebSocket, or close some. BELAY_API_FOLLOWERS_PER_TOKEN and BELAY_API_FOLLOWERS are the limits.',
  });
