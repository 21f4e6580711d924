import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { COMMAND_HELP, withAnswer } from '../../src/texts/comment-answer.ts';
import { PROGRESS_MARKER, progressComment } from '../../src/texts/progress-comment.ts';
import { createAnswer } from '../../src/triggers/answers.ts';
import { upsertMarkedComment } from '../../src/github/comments.ts';
import { exampleRun } from '../support/example-run.ts';
import { gitHubServer } from '../support/github.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const place = { owner: 'acme', repo: 'shop', issue_number: 1 };
const said = { to: 'ada', command: 'help', text: COMMAND_HELP };

async function desk() {
  await using stack = new AsyncDisposableStack();
  const github = stack.use(await gitHubServer());
  const { path } = stack.use(await temporaryDirectory());
  const ledger = stack.use(await openLedger({ path: join(path, 'ledger.db') }));
  await github.person.rest.issues.create({ owner: 'acme', repo: 'shop', title: 'Totals go negative' });
  const client = github.client();
  const answer = createAnswer({ client, ledger });
  const comments = async () => (await github.person.rest.issues.listComments(place)).data.map(({ body }) => body ?? '');
  const kept = stack.move();
  return { github, client, ledger, answer, comments, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

test('an answer stands in the living comment of the run, in the place of the one before', async () => {
  await using each = await desk();
  const run = exampleRun();
  await each.ledger.recordRun(run);
  const { repository } = each.github;
  await upsertMarkedComment(each.client, { repository, number: 1, marker: PROGRESS_MARKER, body: progressComment(run) });
  for (const text of ['First.', 'Second, @mallory.'])
    await each.answer({ repository, issueKey: '1', run, to: 'ada', command: 'status', text });
  const [comment = '', ...others] = await each.comments();
  expect(others).toEqual([]);
  expect(comment).toContain('Belay is working on this.');
  expect(comment).toContain('**@ada**, to `/belay status`:\n\nSecond, @\u200bmallory.');
  expect(comment).not.toContain('First.');
  expect(comment.endsWith(PROGRESS_MARKER)).toBe(true);
  expect((await each.ledger.listComments({ runId: run.id })).map(({ text }) => text)).toEqual(['First.', 'Second, @mallory.']);
});

test('where no run has told anything there is one comment with the newest answer', async () => {
  await using each = await desk();
  const { repository } = each.github;
  await each.answer({ repository, issueKey: '1', ...said });
  await each.answer({ repository, issueKey: '1', ...said, text: 'Later.' });
  const comments = await each.comments();
  expect(comments).toHaveLength(1);
  expect(comments[0]).toContain('Later.');
});

test('a comment is the same whether the answer came into it or it was written with it', () => {
  const view = exampleRun({ phases: [{ name: 'plan', status: 'running', attempts: 1, sessions: [] }] });
  const before = progressComment(view, { answer: { ...said, text: 'Before.' } });
  expect(withAnswer(before, said, PROGRESS_MARKER)).toBe(progressComment(view, { answer: said }));
  expect(withAnswer(progressComment(view), said, PROGRESS_MARKER)).toBe(progressComment(view, { answer: said }));
});
