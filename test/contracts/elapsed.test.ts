import { expect, test } from 'vitest';
import { elapsedMs } from '../../src/contracts/elapsed.ts';

test.each([
  ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.500Z', 1500],
  ['2026-01-01T02:00:00.000Z', '2026-01-01T01:00:00.000Z', 0],
])('from %s to %s it is %i ms', (from, to, ms) => {
  expect(elapsedMs({ from, to })).toBe(ms);
});
