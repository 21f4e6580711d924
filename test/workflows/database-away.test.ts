import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBelay } from '../support/belay.ts';
import { eventually } from '../support/eventually.ts';
import { startPostgres } from '../support/postgres.ts';
import type { Postgres } from '../support/postgres.ts';

let server: Postgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

test('a run comes to its pull request while the database is away, which knows all of it afterwards', async () => {
  await using belay = await startBelay({ BELAY_DATABASE_URL: await server.createDatabase('belay') });
  const project = await belay.project();
  const run = await project.run();
  await run.until('running');
  await server.stop();
  const handle = belay.client.workflow.getHandle(run.workflowId, run.executionId);
  await handle.result();
  expect((await project.pullRequests()).length).toBe(1);
  await server.start();
  const view = await run.until('completed');
  expect(view.outcome).toBe('pull_request');
  const names = await eventually(async () => {
    const steps = await run.steps();
    expect(steps.map(({ status }) => status)).toEqual(steps.map(() => 'completed'));
    return steps.map(({ name }) => name);
  });
  expect(names).toEqual(expect.arrayContaining(['read-issue', 'plan', 'implement', 'run-tests', 'review']));
  const events = await belay.ledger.readEvents({ after: 0, runId: run.id });
  expect(events.at(-1)).toMatchObject({ type: 'run.completed', data: { status: 'completed' } });
  expect(await run.log()).not.toBe('');
});
