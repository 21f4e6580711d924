import { expect, test } from 'vitest';
import { choiceByLabels } from '../../src/intake/label-choices.ts';
import { parseRepositorySettings } from '../../src/repository-settings.ts';

const settings = parseRepositorySettings(
  `labels:
  quick: { pipeline: planBuild, model: haiku, phases: { review: false } }
  Thorough: { pipeline: sdlc, engine: claude, budgetUsd: 30, phases: { review: true, document: false } }
`,
  { source: '.belay.yml' },
);

test.each([[[]], [['bug', 'quicker']]])('the labels %j choose nothing', (labels) => {
  expect(choiceByLabels({ labels, settings })).toEqual({ notes: [] });
});

test('a label chooses what the repository says, and that is said', () => {
  expect(choiceByLabels({ labels: ['bug', 'QUICK'], settings })).toEqual({
    pipeline: 'planBuild',
    labelled: { model: 'haiku', phasesOff: ['review'] },
    notes: ['The label "quick" chooses the pipeline planBuild, the agent haiku, no review phase.'],
  });
});

test.each([[['quick', 'thorough']], [['thorough', 'quick']]])('of %j the first of the file wins, thing by thing', (labels) => {
  expect(choiceByLabels({ labels, settings })).toEqual({
    pipeline: 'planBuild',
    // The engine of the later label is not mixed with the model of the first.
    labelled: { model: 'haiku', budgetUsd: 30, phasesOff: ['review', 'document'] },
    notes: [
      'The label "quick" chooses the pipeline planBuild, the agent haiku, no review phase.',
      'The label "Thorough" chooses a budget of $30.00, no document phase.',
      'The label "Thorough" would choose the pipeline sdlc, but "quick" comes first in .belay.yml.',
      'The label "Thorough" would choose the agent claude, but "quick" comes first in .belay.yml.',
      'The label "Thorough" would choose the phase review, but "quick" comes first in .belay.yml.',
    ],
  });
});

test('a label chooses who is first, which is a whole number from 1 to 5', () => {
  const urgent = parseRepositorySettings('labels:\n  urgent: { priority: 1 }\n', { source: '.belay.yml' });
  expect(choiceByLabels({ labels: ['urgent'], settings: urgent })).toEqual({
    labelled: { priority: 1 },
    notes: ['The label "urgent" chooses the priority 1.'],
  });
  expect(() => parseRepositorySettings('labels:\n  urgent: { priority: 6 }\n', { source: '.belay.yml' })).toThrow(
    'must be a whole number from 1 (first) to 5',
  );
});
