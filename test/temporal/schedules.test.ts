import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSchedule, listSchedules, removeSchedule, schedulePoll } from '../../src/temporal/schedules.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { eventually } from '../support/eventually.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay();
});
afterAll(() => belay[Symbol.asyncDispose]());

/** Never by itself while a test runs. */
const YEARLY = '0 0 1 1 *';

test('a schedule is listed until it is taken away', async () => {
  const { client } = belay;
  const run = { name: 'weekly', target: 'Update what is old', repository: 'acme/shop', by: 'ada' };
  await addSchedule(client, { run, cron: YEARLY });
  const [listed] = await eventually(async () => {
    const found = await listSchedules(client);
    expect(found).toHaveLength(1);
    return found;
  });
  expect(listed).toEqual({ run, cron: YEARLY, next: expect.stringMatching(/^\d{4}-01-01T00:00:00/) as string });
  await expect(addSchedule(client, { run, cron: YEARLY })).rejects.toMatchObject({ code: 'invalid_input' });
  await removeSchedule(client, 'weekly');
  await expect(removeSchedule(client, 'weekly')).rejects.toMatchObject({ message: 'There is no schedule weekly.' });
});

test.each(['whenever', '61 * * * *', '* *'])('%s is not taken for times', async (cron) => {
  const run = { name: 'other', target: 'x', by: 'ada' };
  await expect(addSchedule(belay.client, { run, cron })).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining(`'${cron}' is not understood as times: `) as string,
  });
});

test('a schedule has a run begun in the name of who made it', async () => {
  const { client, ledger } = belay;
  const project = await belay.project();
  await addSchedule(client, {
    run: { name: 'now', target: project.issue, repository: project.path, pipeline: 'plan', by: 'ada' },
    cron: YEARLY,
  });
  await client.schedule.getHandle('belay-schedule-now').trigger();
  const run = await eventually(async () => {
    const [found] = await ledger.listRuns();
    if (found?.status !== 'completed' && found?.status !== 'parked') throw new Error(`It is ${found?.status}.`);
    return found;
  });
  expect(run).toMatchObject({ pipeline: 'plan', triggeredBy: 'ada', issue: { key: '1' } });
  expect(await ledger.listAudit({ limit: 10 })).toMatchObject([{ actor: 'ada', source: 'schedule', action: 'run.start', runId: run.id }]);
});

test('the poll is scheduled as the settings say, and not without them', async () => {
  const { client } = belay;
  const everyOf = async (): Promise<unknown> => (await client.schedule.getHandle('belay-poll').describe()).spec.intervals?.[0]?.every;
  await schedulePoll(client, { everyMs: 3_600_000 });
  expect(await everyOf()).toBe(3_600_000);
  await schedulePoll(client, { everyMs: 7_200_000 });
  expect(await everyOf()).toBe(7_200_000);
  await schedulePoll(client, {});
  await schedulePoll(client, {});
  await expect(everyOf()).rejects.toThrow(/not found/i);
});
