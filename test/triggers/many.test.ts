import { expect, test } from 'vitest';
import { mutatedDeliveries, shuffledDeliveries } from '../support/webhook-trial.ts';

// `node scripts/webhook-trial.ts` does the same with 10,000 and with 100,000.
test('1,000 deliveries, each of them three times and in any order, start 1,000 runs', { timeout: 60_000 }, async () => {
  const { started, problems } = await shuffledDeliveries({ issues: 1000, times: 3 });
  expect(problems).toEqual([]);
  expect(started).toHaveLength(1000);
  expect(new Set(started).size).toBe(1000);
});

test('mutated deliveries are all answered, and start nothing, while sound ones among them do', async () => {
  const { answers, unsignedTaken, sound, started, problems } = await mutatedDeliveries({ count: 500, seed: 1 });
  expect(problems).toEqual([]);
  expect(Object.keys(answers)).toEqual(['202', '400', '401']);
  expect(unsignedTaken).toBe(0);
  expect(sound).toHaveLength(10);
  expect(started.toSorted()).toEqual(sound);
});
