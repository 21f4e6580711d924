import { expect, test } from 'vitest';
import { isUnfinished, stoppedNotice, withNotice } from '../../src/texts/draft-notice.ts';
import { exampleRun } from '../support/example-run.ts';

test('a notice stands first, quoted, and takes the place of the one before', () => {
  const body = withNotice('## Why\n\nBecause.', 'One line.\nAnother.');
  expect(body).toBe('<!-- belay draft -->\n> **Draft.** One line.\n> Another.\n<!-- /belay draft -->\n\n## Why\n\nBecause.');
  expect(withNotice(body, 'Later.')).toBe('<!-- belay draft -->\n> **Draft.** Later.\n<!-- /belay draft -->\n\n## Why\n\nBecause.');
});

test('only what begins with a notice is a draft of Belay, whatever an issue quotes', () => {
  expect(isUnfinished(withNotice('Text.', 'Notice.'))).toBe(true);
  expect(isUnfinished('Text.\n\n<!-- belay draft -->\n')).toBe(false);
});

test('a run that has stopped says why and how to go on', () => {
  const trouble = { code: 'tests_failing' as const, message: 'npm test still fails.' };
  expect(stoppedNotice(exampleRun({ status: 'parked' }), trouble)).toBe(
    'Belay needs a person, and this holds the work so far. tests_failing: npm test still fails.\n`belay retry 0123abcd` goes on.',
  );
  expect(stoppedNotice(exampleRun({ status: 'cancelled', summary: 'Cancelled: enough' }), undefined)).toBe(
    'Belay has stopped, and this holds the work so far. Cancelled: enough\n`belay retry 0123abcd` goes on.',
  );
});
