import { expect, test } from 'vitest';
import type { RunInput } from '../../src/contracts/run-input.ts';
import type { RunSettings } from '../../src/contracts/run-state.ts';
import { budgetLeft, engineOf, enginesOf, isSwitchedOff, modelOf } from '../../src/workflows/choices.ts';

type Input = Partial<Pick<RunInput, 'pipeline' | 'requested' | 'labelled' | 'engine' | 'model' | 'failover' | 'phasesOff' | 'budgetUsd'>>;

const inputOf = (given: Input) => ({ engine: 'claude', phasesOff: [], ...given }) as unknown as RunInput;
const settingsOf = (given: Partial<RunSettings>) => ({ byPhase: {}, phasesOff: [], phasesOn: [], limits: {}, ...given }) as RunSettings;

test.each<{ who: string; input?: Input; settings?: Partial<RunSettings>; expected: object }>([
  { who: 'the installation', input: { model: 'sonnet' }, expected: { engine: 'claude', model: 'sonnet' } },
  { who: 'the repository', settings: { engine: 'scripted', model: 'x' }, expected: { engine: 'scripted', model: 'x' } },
  {
    who: 'the phase',
    settings: { engine: 'scripted', model: 'x', byPhase: { review: { engine: 'claude', model: 'opus' } } },
    expected: { engine: 'claude', model: 'opus' },
  },
  {
    who: 'a label',
    input: { labelled: { model: 'haiku' } },
    settings: { byPhase: { review: { model: 'opus' } } },
    expected: { engine: 'claude', model: 'haiku' },
  },
  {
    who: 'the request',
    input: { labelled: { model: 'haiku' }, requested: { model: 'fable' } },
    settings: { byPhase: { review: { model: 'opus' } } },
    expected: { engine: 'claude', model: 'fable' },
  },
  { who: 'nobody else than the phase itself', settings: { byPhase: { plan: { engine: 'scripted' } } }, expected: { engine: 'claude' } },
])('$who decides about engine and model where nobody before it does', ({ input = {}, settings = {}, expected }) => {
  expect(engineOf(inputOf(input), settingsOf(settings), 'review')).toEqual(expected);
});

test('a model is not given to an engine that it was not named for', () => {
  const settings = settingsOf({ engine: 'claude', model: 'opus' });
  expect(engineOf(inputOf({ model: 'sonnet', requested: { engine: 'scripted' } }), settings, 'plan')).toEqual({ engine: 'scripted' });
  // Named where nothing is said of the engine: for the one that was in force there, which is the same.
  expect(engineOf(inputOf({ requested: { engine: 'claude' } }), settings, 'plan')).toEqual({ engine: 'claude', model: 'opus' });
});

test('others go on for the chosen engine by the repository, else by the installation, each with its own model', () => {
  const input = inputOf({ failover: ['scripted', 'claude'], model: 'sonnet' });
  expect(enginesOf(input, settingsOf({}), 'plan')).toEqual(['claude', 'scripted']);
  expect(enginesOf(input, settingsOf({ failover: [] }), 'plan')).toEqual(['claude']);
  const settings = settingsOf({ engine: 'scripted', model: 'x', failover: ['claude'] });
  expect(enginesOf(input, settings, 'plan')).toEqual(['scripted', 'claude']);
  expect(modelOf(input, settings, 'plan', 'claude')).toEqual({ model: 'sonnet' });
  expect(modelOf(input, settings, 'plan', 'scripted')).toEqual({ model: 'x' });
});

test('what a step has cost already is part of what it may cost', () => {
  const state = { view: { costUsd: 2 }, settings: settingsOf({}) } as Parameters<typeof budgetLeft>[1];
  expect(budgetLeft(inputOf({ budgetUsd: 10 }), state, 1.5)).toEqual({ budgetUsd: 9.5 });
});

test.each<{ input: Input; settings: Partial<RunSettings>; off: boolean }>([
  { input: { phasesOff: ['review'] }, settings: {}, off: true },
  { input: { phasesOff: ['review'] }, settings: { phasesOn: ['review'] }, off: false },
  { input: {}, settings: { phasesOff: ['review'] }, off: true },
  { input: { labelled: { phasesOn: ['review'] } }, settings: { phasesOff: ['review'] }, off: false },
  { input: { labelled: { phasesOff: ['review'] } }, settings: { phasesOn: ['review'] }, off: true },
  { input: { labelled: { phasesOff: ['test'] } }, settings: {}, off: false },
  { input: { pipeline: 'review', phasesOff: ['review'] }, settings: { phasesOff: ['review'] }, off: false },
])('with $input and $settings the review is off: $off', ({ input, settings, off }) => {
  expect(isSwitchedOff(inputOf(input), settingsOf(settings), 'review')).toBe(off);
});

test.each<{ input: Input; settings: Partial<RunSettings>; left: number }>([
  { input: { budgetUsd: 10 }, settings: {}, left: 8 },
  { input: { budgetUsd: 10 }, settings: { limits: { budgetUsd: 5 } }, left: 3 },
  { input: { budgetUsd: 10, labelled: { budgetUsd: 30 } }, settings: { limits: { budgetUsd: 5 } }, left: 28 },
  { input: { budgetUsd: 10, labelled: { budgetUsd: 30 }, requested: { budgetUsd: 4 } }, settings: {}, left: 2 },
])('with $input and $settings $left dollars of it are left', ({ input, settings, left }) => {
  const state = { view: { costUsd: 2 }, settings: settingsOf(settings) } as Parameters<typeof budgetLeft>[1];
  expect(budgetLeft(inputOf(input), state)).toEqual({ budgetUsd: left });
});
