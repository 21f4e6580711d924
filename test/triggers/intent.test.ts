import { createRequire } from 'node:module';
import type { WebhookDefinition } from '@octokit/webhooks-examples';
import type { IssueCommentEvent, IssuesEvent } from '@octokit/webhooks-types';
import type { z } from 'zod';
import { describe, expect, test } from 'vitest';
import { intentOf } from '../../src/triggers/intent.ts';
import type { Intent } from '../../src/triggers/intent.ts';
import type { issueCommentPayload, issuesPayload } from '../../src/triggers/payloads.ts';
import { commentEvent, issueEvent } from '../support/webhook-payloads.ts';

const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as WebhookDefinition[];
const label = 'belay';

const all = examples.flatMap(({ name, examples }) => examples.map((payload, index) => ({ name, index, payload: payload as unknown })));
const intents = (event: string): Intent[] =>
  all.filter(({ name }) => name === event).map(({ payload }) => intentOf({ event, payload, label }));

/** What is read of a payload is there in GitHub's own types: these fail to compile where it is not. */
export const issuesAreRead = (event: IssuesEvent): z.input<typeof issuesPayload> => event;
export const commentsAreRead = (event: IssueCommentEvent): z.input<typeof issueCommentPayload> => event;

describe("GitHub's own examples", () => {
  test('are all taken without a word', () => {
    expect(all.length).toBeGreaterThan(200);
    const kinds = all.map(({ name, payload }) => intentOf({ event: name, payload, label }).kind);
    expect(new Set(kinds)).toEqual(new Set(['ignored', 'start']));
  });

  test('of issues and comments are all of the form that is read', () => {
    const reasons = [...intents('issues'), ...intents('issue_comment')].map((intent) => ('reason' in intent ? intent.reason : intent.kind));
    expect(reasons.length).toBeGreaterThan(10);
    expect(reasons).not.toContain('the payload has not the form that its event has');
  });

  test('of an issue with the label name it and who labeled it', () => {
    const labeled = all.find(({ name, payload }) => name === 'issues' && (payload as IssuesEvent).action === 'labeled');
    expect(intentOf({ event: 'issues', payload: labeled?.payload, label: 'bug' })).toEqual({
      kind: 'start',
      repository: { forge: 'github', owner: 'codertocat', name: 'hello-world' },
      isFork: false,
      issueKey: '1',
      actor: { id: 21031067, login: 'Codertocat', type: 'User' },
    });
  });
});

const subject = {
  repository: { forge: 'github', owner: 'acme', name: 'shop' },
  isFork: false,
  issueKey: '12',
  actor: { id: 7, login: 'ada', type: 'User' },
};

describe('an event', () => {
  test.each([
    ['labeled with the label', issueEvent({ action: 'labeled', label: 'Belay' }), { kind: 'start', ...subject }],
    ['opened with the label', issueEvent({ action: 'opened', labels: ['bug', 'belay'] }), { kind: 'start', ...subject }],
    ['reopened with the label', issueEvent({ action: 'reopened', labels: ['belay'] }), { kind: 'start', ...subject }],
    ['assigned', issueEvent({ action: 'assigned', assigneeId: 9 }), { kind: 'start', assigneeId: 9, ...subject }],
    ['closed', issueEvent({ action: 'closed' }), { kind: 'closed', ...subject }],
    ['labeled otherwise', issueEvent({ action: 'labeled', label: 'bug', labels: ['belay'] }), ignored('it is not the label belay')],
    ['opened without the label', issueEvent({ action: 'opened', labels: ['bug'] }), ignored('the issue has not the label belay')],
    ['edited', issueEvent({ action: 'edited', labels: ['belay'] }), ignored('a run reads its issue by itself')],
    ['transferred', issueEvent({ action: 'transferred' }), ignored('nothing follows this action')],
    ['of a pull request', issueEvent({ action: 'labeled', label: 'belay', pull: true }), ignored('it is about a pull request')],
  ])('of an issue %s is known for what it asks', (_, payload, intent) => {
    expect(intentOf({ event: 'issues', payload, label })).toEqual(intent);
  });

  const writtenAt = '2026-11-30T04:00:00Z';
  test.each([
    [
      'with a command',
      commentEvent({ body: '/belay status', writtenAt }),
      { kind: 'command', command: { name: 'status' }, writtenAt, ...subject },
    ],
    ['without one', commentEvent({ body: 'Thanks' }), ignored('the comment has no command')],
    ['that was edited', commentEvent({ body: '/belay run', action: 'edited' }), ignored('only new comments are read')],
    ["of Belay's own", commentEvent({ body: '/belay run\n\n<!-- belay progress -->' }), ignored('Belay wrote it')],
    ['on a pull request', commentEvent({ body: '/belay run', pull: true }), ignored('commands are read on issues')],
  ])('of a comment %s is known for what it asks', (_, payload, intent) => {
    expect(intentOf({ event: 'issue_comment', payload, label })).toEqual(intent);
  });

  test("of a comment counts as its author's, whoever sent it", () => {
    const payload = { ...commentEvent({ body: '/belay run' }), sender: { id: 1, login: 'owner', type: 'User' } };
    expect(intentOf({ event: 'issue_comment', payload, label })).toMatchObject({ actor: { login: 'ada' } });
  });

  test.each(['pull_request', 'pull_request_review', 'pull_request_review_comment', 'check_run', 'check_suite', 'push', 'ping', 'no_such'])(
    '%s is kept, and nothing follows it',
    (event) => {
      expect(intentOf({ event, payload: {}, label }).kind).toBe('ignored');
    },
  );

  test.each([[undefined], [null], ['text'], [[]], [{}], [{ action: 'labeled' }], [{ ...issueEvent({ action: 'labeled' }), issue: 3 }]])(
    'with the payload %j is not of its form',
    (payload) => {
      expect(intentOf({ event: 'issues', payload, label })).toEqual(ignored('the payload has not the form that its event has'));
    },
  );
});

function ignored(reason: string): Intent {
  return { kind: 'ignored', reason };
}
