import { expect, it } from 'vitest';
import { changesBetween, stateAt } from '../../src/contracts/versions.ts';

interface Facts {
  checkpoint: string;
  plan: { id: string };
}

const states: Partial<Facts>[] = [
  { checkpoint: 'one' },
  { checkpoint: 'one', plan: { id: 'p' } },
  { checkpoint: 'two', plan: { id: 'p' } },
  { checkpoint: 'one' },
  { checkpoint: 'two', plan: { id: 'p' } },
];

it('has every state again by what has changed from one to the next', () => {
  const versions = states.map((state, index) => {
    const facts = changesBetween<Facts>(states[index - 1] ?? {}, state);
    return { version: index + 1, ...(facts ? { facts } : {}) };
  });
  expect(versions[2]).toEqual({ version: 3, facts: { checkpoint: 'two' } });
  expect(versions[3]).toEqual({ version: 4, facts: { checkpoint: 'one', plan: null } });
  for (const [index, state] of states.entries()) expect(stateAt(versions, index + 1).facts).toEqual(state);
  expect(stateAt(versions, 0)).toEqual({ results: {}, facts: {} });
});

it('keeps nothing where nothing has changed', () => {
  expect(changesBetween<Facts>({ plan: { id: 'p' } }, { plan: { id: 'p' } })).toBeUndefined();
});
