import pLimit from 'p-limit';
import type { LimitFunction } from 'p-limit';

/** Works in one workspace take turns; those that only read may share one. */
export interface WorkTurns {
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Beside others that only read. Attempts of one step still come one after the other. */
  beside<T>(step: number, work: () => Promise<T>): Promise<T>;
}

/** What shares a turn; it lasts until the last of them has ended. */
interface Group {
  begun: Promise<void>;
  end: () => void;
  members: number;
  steps: Map<number, LimitFunction>;
}

export function createWorkTurns(): WorkTurns {
  const turn = pLimit(1);
  let open: Group | undefined;

  function openGroup(): Group {
    const begun = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    void turn(() => {
      begun.resolve();
      return over.promise;
    });
    return { begun: begun.promise, end: over.resolve, members: 0, steps: new Map() };
  }

  async function beside<T>(step: number, work: () => Promise<T>): Promise<T> {
    const group = (open ??= openGroup());
    const ofStep = group.steps.get(step) ?? pLimit(1);
    group.steps.set(step, ofStep);
    group.members++;
    try {
      await group.begun;
      return await ofStep(work);
    } finally {
      if (--group.members === 0) {
        open = undefined;
        group.end();
      }
    }
  }

  return { alone: (work) => turn(work), beside };
}
