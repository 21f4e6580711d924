import { expect, test } from 'vitest';
import { splitNotes } from '../../src/texts/plan-notes.ts';
import { workspaceFacts } from '../../src/texts/workspace-facts.ts';

test('the last section of notes is taken out of the plan', () => {
  expect(splitNotes('**Goal**: less.\n\n## Notes on the codebase\n\n- Tests: `npm test`.\n')).toEqual({
    plan: '**Goal**: less.',
    notes: '- Tests: `npm test`.',
  });
});

test.each([
  ['## **Notes on the codebase**:', 'x'],
  ['# Notes on the Codebase #', 'x'],
])('the heading %j is one, too', (heading, notes) => {
  expect(splitNotes(`Plan.\n\n${heading}\nx`)).toEqual({ plan: 'Plan.', notes });
});

test('headings below belong to the notes, the next of the same level does not', () => {
  expect(splitNotes('Plan.\n## Notes on the codebase\n### Tests\na\n## Risks\nb')).toEqual({
    plan: 'Plan.\n## Risks\nb',
    notes: '### Tests\na',
  });
});

test.each([
  'Plan without any.',
  '```md\n## Notes on the codebase\nx\n```',
  '~~~~\n```\n## Notes on the codebase\n~~~~',
  'See the notes on the codebase.',
])('%j stays as it is', (plan) => {
  expect(splitNotes(plan)).toEqual({ plan });
});

test('nothing is said of a workspace of which there is nothing to say', () => {
  expect(workspaceFacts({})).toBe('');
});

test('folder, app and notes are told, notes with their age', () => {
  const facts = workspaceFacts({
    workingDirectory: 'packages/web',
    start: { command: 'npm start', ports: ['PORT', 'WEB_PORT'] },
    notes: { text: '```notes\nx\n```', sha: 'a'.repeat(40), commitsAgo: 1 },
  });
  expect(facts).toContain('The current folder is `packages/web` of a larger repository, whose root is `../..`.');
  expect(facts).toContain('The app is started with `npm start`. These variables name ports that are reserved for you: PORT, WEB_PORT.');
  expect(facts).toContain('An agent wrote them at aaaaaaaaaaaa, 1 commit before the present base.');
});
