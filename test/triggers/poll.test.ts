import { expect, test } from 'vitest';
import { BelayError } from '../../src/contracts/errors.ts';
import type { LabelledIssue } from '../../src/github/labelled-issues.ts';
import { createPoll } from '../../src/triggers/poll.ts';
import type { PollDependencies } from '../../src/triggers/poll.ts';
import { exampleRun } from '../support/example-run.ts';
import { triggerDesk } from '../support/trigger-desk.ts';
import type { DeskOptions } from '../support/trigger-desk.ts';

const repository = { forge: 'github', owner: 'acme', name: 'shop' } as const;
const ADA = { id: 7, login: 'ada', type: 'User' };
const issue = (key: string, updatedAt = 'at first'): LabelledIssue => ({ key, updatedAt, author: ADA });
const byAda = (event: string) => ({ event, at: '', actor: ADA });

async function pollDesk(options: DeskOptions & Partial<Pick<PollDependencies, 'labelledIssues' | 'isPaused'>> = {}) {
  const desk = await triggerDesk({ newestRequest: () => byAda('labeled:1'), ...options });
  const issues: LabelledIssue[] = [];
  const problems: unknown[] = [];
  const poll = createPoll({
    ...desk.deps,
    repositories: [repository],
    labelledIssues: () => Promise.resolve(issues),
    isPaused: () => Promise.resolve(false),
    onProblem: (error) => problems.push(error),
    ...(options.labelledIssues ? { labelledIssues: options.labelledIssues } : {}),
    ...(options.isPaused ? { isPaused: options.isPaused } : {}),
  });
  return { ...desk, issues, problems, poll, [Symbol.asyncDispose]: () => desk[Symbol.asyncDispose]() };
}

test('starts what nothing has started, in the name of who set the label', async () => {
  await using desk = await pollDesk();
  desk.issues.push(issue('1'), issue('2'));
  expect(await desk.poll()).toEqual({ looked: 2, started: 2, failed: 0 });
  expect(desk.starts).toMatchObject([
    { issueKey: '1', triggeredBy: 'ada', source: 'poll' },
    { issueKey: '2', triggeredBy: 'ada', source: 'poll' },
  ]);
});

test('asks nothing about an issue that is as it was', async () => {
  let asked = 0;
  await using desk = await pollDesk({ newestRequest: () => byAda(`labeled:${++asked}`) });
  desk.issues.push(issue('1'));
  await desk.poll();
  expect(await desk.poll()).toEqual({ looked: 0, started: 0, failed: 0 });
  desk.issues[0] = issue('1', 'later');
  expect(await desk.poll()).toEqual({ looked: 1, started: 1, failed: 0 });
  expect(asked).toBe(2);
});

test('leaves an issue alone whose run is open', async () => {
  await using desk = await pollDesk();
  await desk.ledger.recordRun(exampleRun({ workflowId: 'github:acme/shop#1', status: 'parked' }));
  desk.issues.push(issue('1'));
  expect(await desk.poll()).toEqual({ looked: 0, started: 0, failed: 0 });
});

test('does not start a closed run again, also after a restart', async () => {
  await using desk = await pollDesk();
  await desk.ledger.rememberTrigger({ repository: 'acme/shop', issueKey: '1', event: 'labeled:1', at: '2026-01-01T00:00:00.000Z' });
  desk.issues.push(issue('1'));
  expect(await desk.poll()).toEqual({ looked: 1, started: 0, failed: 0 });
});

test.each<[string, DeskOptions]>([
  ['by somebody who may not write', { writers: [] }],
  ['by a bot', { newestRequest: () => ({ event: 'labeled:1', at: '', actor: { id: 1, login: 'x[bot]', type: 'Bot' } }) }],
  ['by nobody that GitHub still knows', { newestRequest: () => ({ event: 'labeled:1', at: '' }) }],
])('starts nothing for a label that was set %s', async (_, options) => {
  await using desk = await pollDesk(options);
  desk.issues.push(issue('1'));
  expect(await desk.poll()).toEqual({ looked: 1, started: 0, failed: 0 });
});

test('tries again what failed for a passing reason, and not what a person has to mend', async () => {
  const failures = [
    new BelayError({ code: 'temporal_unreachable', message: 'Away.' }),
    new BelayError({ code: 'settings_invalid', message: 'No YAML.' }),
  ];
  await using desk = await pollDesk({ start: () => Promise.reject(failures[0]) });
  desk.issues.push(issue('1'));
  expect(await desk.poll()).toEqual({ looked: 1, started: 0, failed: 1 });
  failures.shift();
  expect(await desk.poll()).toEqual({ looked: 1, started: 0, failed: 1 });
  expect(await desk.poll()).toEqual({ looked: 0, started: 0, failed: 0 });
  expect(desk.problems).toHaveLength(2);
});

test('looks at nothing while the intake is paused', async () => {
  await using desk = await pollDesk({
    isPaused: () => Promise.resolve(true),
    labelledIssues: () => Promise.reject(new Error('It was asked.')),
  });
  expect(await desk.poll()).toEqual({ looked: 0, started: 0, failed: 0 });
});

test('tells of a repository that cannot be looked at, and goes on', async () => {
  await using desk = await pollDesk({ labelledIssues: () => Promise.reject(new Error('Away.')) });
  expect(await desk.poll()).toEqual({ looked: 0, started: 0, failed: 1 });
  expect(desk.problems).toEqual([new Error('Away.')]);
});
