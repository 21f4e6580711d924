import type { AtEffect, EffectName, Moment } from '../../src/activities/effects.ts';

/** Ends the attempt there, the first time, as a kill would. */
export function endingAt(effect: EffectName, moment: Moment): AtEffect {
  let reached = false;
  return async (at) => {
    if (reached || at.effect !== effect || at.moment !== moment) return;
    reached = true;
    throw new Error('killed');
  };
}
