import { expect, test } from 'vitest';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { eventually } from '../support/eventually.ts';
import { exampleRun } from '../support/example-run.ts';
import { exampleArtifact, exampleSession, exampleStep as step } from '../support/example-records.ts';
import { freshLedger } from '../support/fresh-ledger.ts';

const at = '2026-11-20T10:00:00.000Z';
const runId = '0123abcd';

test('what happens in a run becomes events, in order, and only when it is new', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  expect(await ledger.latestEvent()).toBe(0);
  await ledger.recordRun(exampleRun({ version: 1, status: 'pending' }));
  await ledger.recordRun(exampleRun({ version: 2, status: 'running' }));
  await ledger.recordRun(exampleRun({ version: 3, status: 'running' }));
  await ledger.recordStep(step);
  await ledger.recordSession(exampleSession);
  await ledger.recordArtifact(exampleArtifact);
  await ledger.addComment({ runId, author: 'ada', text: 'Fine', createdAt: at });
  await ledger.recordRun(exampleRun({ version: 4, status: 'waiting', waitingFor: 'approval' }));
  await ledger.recordRun(exampleRun({ version: 5, status: 'completed', outcome: 'no_changes' }));
  await ledger.recordStep({ ...step, attempt: 0 });
  await ledger.recordStep({ ...step, runId: 'other000' });
  const events = await ledger.readEvents({ after: 0 });
  expect(events.map(({ type, runId: of }) => `${of} ${type}`)).toEqual([
    `${runId} run.started`,
    `${runId} step.updated`,
    `${runId} agent.updated`,
    `${runId} artifact.created`,
    `${runId} comment.added`,
    `${runId} run.waiting`,
    `${runId} run.completed`,
    'other000 step.updated',
  ]);
  expect(events[1]).toMatchObject({ repository: 'acme/shop', data: { number: 1, name: 'plan', status: 'running' } });
  expect(events[6]).toMatchObject({ data: { status: 'completed', outcome: 'no_changes' } });
  expect(events.at(-1)?.id).toBe(await ledger.latestEvent());
  const after = events[4]?.id ?? 0;
  expect((await ledger.readEvents({ after, runId })).map(({ type }) => type)).toEqual(['run.waiting', 'run.completed']);
  expect((await ledger.readEvents({ after: 0, limit: 2 })).length).toBe(2);
  expect((await ledger.readEvents({ after: 0, repositories: ['acme/shop'] })).length).toBe(7);
  expect(await ledger.readEvents({ after: 0, repositories: [] })).toEqual([]);
});

test('who reads on while many write misses no event', async () => {
  await using fresh = await freshLedger();
  const { ledger, place } = fresh;
  await using reader = await openLedger(place);
  const seen: number[] = [];
  let last = 0;
  await using _watch = reader.watchEvents({
    async onNews() {
      for (const { id, data } of await reader.readEvents({ after: last })) {
        last = id;
        seen.push(data['number'] as number);
      }
    },
    onProblem: (error) => expect(error).toBeUndefined(),
  });
  const numbers = Array.from({ length: 200 }, (_, number) => number + 1);
  await Promise.all(numbers.map((number) => ledger.recordStep({ ...step, runId: `run${number % 7}`, number })));
  await eventually(async () => expect(seen.length).toBe(200));
  expect(seen.toSorted((one, other) => one - other)).toEqual(numbers);
});
