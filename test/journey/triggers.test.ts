import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import { writeIntakePause } from '../../src/intake/pause.ts';
import { PROGRESS_MARKER } from '../../src/texts/progress-comment.ts';
import { eventually } from '../support/eventually.ts';
import { triggeredBelay } from '../support/triggered-belay.ts';
import type { TriggeredBelay } from '../support/triggered-belay.ts';
import { commentEvent, issueEvent } from '../support/webhook-payloads.ts';

const shop = { owner: 'acme', repo: 'shop' };
const ACME = { id: 1, login: 'acme', type: 'User' };

let desk: TriggeredBelay;
beforeAll(async () => {
  desk = await triggeredBelay();
});
afterAll(() => desk[Symbol.asyncDispose]());

async function labelledIssue(): Promise<number> {
  const { data } = await desk.github.person.rest.issues.create({ ...shop, title: 'Totals go negative', body: 'Mend it.' });
  await setLabel(data.number);
  return data.number;
}

const setLabel = async (number: number): Promise<void> =>
  void (await desk.github.person.rest.issues.addLabels({ ...shop, issue_number: number, labels: ['belay'] }));

const runsOf = async (number: number): Promise<RunView[]> =>
  (await desk.belay.ledger.listRuns()).filter(
    ({ issue, workflowId }) => issue?.key === String(number) || workflowId.endsWith(`#${number}`),
  );

/** The one run of the issue, when it is over. */
const completed = (number: number): Promise<RunView> =>
  eventually(async () => {
    const [run, ...others] = await runsOf(number);
    if (run?.status !== 'completed') throw new Error(`It is ${run?.status}: ${JSON.stringify(run?.errors)}`);
    expect(others).toEqual([]);
    return run;
  });

/** How many polls are over. */
async function polled(): Promise<number> {
  let over = 0;
  for await (const { status } of desk.belay.client.workflow.list({ query: "WorkflowType = 'pollIssues'" }))
    if (status.name === 'COMPLETED') over++;
  return over;
}

/** Polls, and waits until that poll is over. */
async function poll(): Promise<void> {
  const before = await polled();
  await desk.poll();
  await eventually(async () => expect(await polled()).toBeGreaterThan(before));
}

const comments = async (number: number): Promise<string[]> =>
  (await desk.github.person.rest.issues.listComments({ ...shop, issue_number: number })).data.map(({ body }) => body ?? '');

test('a webhook that comes three times, a poll and a start by hand at once begin one run, with one comment', async () => {
  const number = await labelledIssue();
  const payload = issueEvent({ action: 'labeled', label: 'belay', number, sender: ACME });
  const once = { id: `label-of-${number}`, payload };
  const [byHand] = await Promise.all([
    desk.startByHand(String(number)),
    desk.deliver(once),
    desk.poll(),
    desk.deliver(once),
    desk.deliver({ payload: issueEvent({ action: 'opened', labels: ['belay'], number, sender: ACME }) }),
    desk.deliver(once),
  ]);
  await desk.processed();
  expect(byHand.workflowId).toBe(`github:acme/shop#${number}`);
  const run = await completed(number);
  // Nothing is left to do for those that come late.
  await poll();
  await desk.deliver({ payload });
  await desk.processed();
  expect((await runsOf(number)).map(({ id }) => id)).toEqual([run.id]);
  const [comment = '', ...others] = await comments(number);
  expect(others).toEqual([]);
  expect(comment).toContain(PROGRESS_MARKER);
});

test('a poll begins what no webhook has told of, once for each time that the label is set', async () => {
  const number = await labelledIssue();
  await poll();
  expect(await completed(number)).toMatchObject({ pipeline: 'plan', triggeredBy: 'acme' });
  await poll();
  expect(await runsOf(number)).toHaveLength(1);
  await desk.github.person.rest.issues.removeLabel({ ...shop, issue_number: number, name: 'belay' });
  await setLabel(number);
  await poll();
  expect(await runsOf(number)).toHaveLength(2);
});

test('a command begins a run and is answered in its comment', async () => {
  const { data } = await desk.github.person.rest.issues.create({ ...shop, title: 'Totals go negative', body: 'Mend it.' });
  const { number } = data;
  await desk.deliver({ event: 'issue_comment', payload: commentEvent({ body: '/belay plan', number, sender: ACME }) });
  await desk.processed();
  const run = await completed(number);
  // A run that is asked about before it has a comment gets the answer beside it.
  await eventually(async () => expect((await comments(number)).join('\n')).toContain('<!-- belay progress'));
  await desk.deliver({ event: 'issue_comment', payload: commentEvent({ body: '/belay status', number, sender: ACME }) });
  await desk.processed();
  const [comment = '', ...others] = await comments(number);
  expect(others).toEqual([]);
  expect(comment).toContain(`Run \`${run.id}\` is completed`);
  expect(await desk.belay.ledger.listAudit({ limit: 1000 })).toEqual(
    expect.arrayContaining([expect.objectContaining({ action: 'run.start', actor: 'acme', source: 'comment', runId: run.id })]),
  );
});

test('while the intake is paused nothing begins by any way, and what was delivered begins afterwards', async () => {
  const number = await labelledIssue();
  const { ledger } = desk.belay;
  await writeIntakePause(ledger, { by: 'ada', at: '2026-11-30T04:00:00.000Z' });
  expect((await desk.deliver({ payload: issueEvent({ action: 'labeled', label: 'belay', number, sender: ACME }) })).status).toBe(202);
  await desk.processed();
  await poll();
  await expect(desk.startByHand(String(number))).rejects.toMatchObject({ code: 'intake_paused' });
  expect(await runsOf(number)).toEqual([]);
  await writeIntakePause(ledger, undefined);
  await desk.deliver({ event: 'ping' });
  await desk.processed();
  await completed(number);
});
