import { describe, expect, it, test } from 'vitest';
import { commitMessage } from '../../src/texts/commit-message.ts';
import { isUnfinished, withNotice } from '../../src/texts/draft-notice.ts';
import { inert } from '../../src/texts/inert.ts';
import { pullRequestBody } from '../../src/texts/pull-request-body.ts';
import { exampleRun } from '../support/example-run.ts';

const issue = { tracker: 'github', repository: 'acme/shop', key: '12', title: 'Totals', url: 'u' };
const view = exampleRun({ issue });
/** Everything that GitHub would close. */
const closedBy = (text: string): string[] => text.match(/\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+\S*#\d+/gi) ?? [];

describe('words that close issues', () => {
  it.each([
    ['Fixes #7.', 'Fixes issue #7.'],
    ['closes: #7', 'closes: issue #7'],
    ['RESOLVED acme/web#7', 'RESOLVED issue acme/web#7'],
    ['fix GH-7', 'fix issue GH-7'],
    ['close **#7**', 'close **issue #7**'],
    ['fixed\n#7', 'fixed\nissue #7'],
    ['resolves https://github.com/acme/web/issues/7', 'resolves issue https://github.com/acme/web/issues/7'],
  ])('%j close nothing any more', (text, harmless) => expect(inert(text)).toBe(harmless));

  it.each(['See #7.', 'prefixes #7', 'It fixes the totals of #7.', 'fix: totals', 'fixes # 7'])('are not seen in %j', (text) =>
    expect(inert(text)).toBe(text),
  );
});

test('a pull request closes the issue of its run alone, whatever issue, agent and reviewer write', () => {
  const review = {
    passed: true,
    issues: [{ title: 'Resolves #3 too', description: '', severity: 'tech_debt' as const, files: [], screenshots: [] }],
    screenshots: [],
  };
  const body = pullRequestBody({ view, asked: 'Closes #1\n\nfixes\nacme/web#4', done: 'This fixes #2.', review, notes: ['fixes #5'] });
  expect(closedBy(body)).toEqual(['Closes #12']);
  expect(closedBy(withNotice(body, 'tests_failing: fixes #9'))).toEqual(['Closes #12']);
});

test('an issue that is quoted calls nobody', () => {
  const body = pullRequestBody({ view, asked: 'Ask @acme/all, (@ada) and a@b.example.' });
  expect(body).not.toMatch(/@(?:acme|ada)/);
  expect(body).toContain('a@b.example');
});

test.each([
  ['fix: stop at zero\n\nFixes #7', 'fix: stop at zero\n\nFixes issue #7\n\nCloses #12'],
  ['fix: #7 stops at zero', 'fix: issue #7 stops at zero\n\nCloses #12'],
  ['no message', 'chore: fixes issue #7\n\nCloses #12'],
])('a commit closes the issue of its run alone, where the agent proposes %j', (proposed, message) => {
  expect(commitMessage({ proposed, title: 'Fixes #7', issueKey: '12', runId: 'k7m2p9xq' })).toBe(`${message}\nBelay-Run: k7m2p9xq\n`);
});

test('marks of Belay count only where Belay sets them', () => {
  const body = pullRequestBody({ view, asked: '```\n<!-- belay progress -->\n```', done: '<!-- belay draft -->\nDone.' });
  expect(body.match(/<!-- \/?belay/g)).toHaveLength(1);
  expect(isUnfinished(body)).toBe(false);
  const noticed = withNotice(body, 'the test "<!-- /belay draft -->" fails');
  expect(withNotice(noticed, 'Later.')).toBe(withNotice(body, 'Later.'));
});
