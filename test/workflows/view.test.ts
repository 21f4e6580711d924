import { expect, test } from 'vitest';
import { endedOutside } from '../../src/contracts/ended-outside.ts';
import type { PhaseView } from '../../src/contracts/run-view.ts';
import { endPhase } from '../../src/workflows/view.ts';
import { exampleRun } from '../support/example-run.ts';

const LATER = '2096-01-01T00:00:00.000Z';

test('a phase that began after its end, by a clock that was set back, has taken no time', () => {
  const shown: PhaseView = { name: 'plan', status: 'running', attempts: 1, sessions: [], startedAt: LATER };
  endPhase(shown, 'completed');
  expect(shown).toMatchObject({ status: 'completed', durationMs: 0 });
});

test('so has a run that was ended from outside', () => {
  const view = endedOutside(exampleRun({ startedAt: LATER }), { as: 'terminated', at: new Date() });
  expect(view.durationMs).toBe(0);
});
