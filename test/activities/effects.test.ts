import { readdir, readFile } from 'node:fs/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { EFFECT_NAMES, momentsOf, performEffect } from '../../src/activities/effects.ts';
import type { Moment } from '../../src/activities/effects.ts';
import { orchestratorActivities } from '../../src/activities/index.ts';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { PROGRESS_MARKER } from '../../src/texts/progress-comment.ts';
import { activityHost, leaseOf } from '../support/activity-host.ts';
import { endingAt } from '../support/ending-at.ts';
import { exampleRun } from '../support/example-run.ts';

const { runId, workflowId } = leaseOf(1);

const inActivity = <T>(body: () => Promise<T>): Promise<T> =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(body) as Promise<T>;

/** Tells the issue how its run stands: an attempt that may end in the middle, and another. */
async function tellTwice(deps: Dependencies, input: Parameters<ReturnType<typeof orchestratorActivities>['commentProgress']>[0]) {
  const tell = () => inActivity(() => orchestratorActivities(deps).commentProgress(input));
  await expect(tell()).rejects.toThrow('killed');
  const begun = await deps.ledger.listEffects(runId);
  await tell();
  return { begun, ended: await deps.ledger.listEffects(runId) };
}

test.each(momentsOf('comment'))('a comment whose attempt ends %s is there once', async (moment) => {
  await using host = await activityHost();
  const { repository } = host;
  const deps: Dependencies = { ...host.deps, atEffect: endingAt('comment', moment) };
  await deps.ledger.recordRun(exampleRun({ id: runId, workflowId }));
  const created = await deps.trackers.local.createIssue({ repository, title: 'Totals', body: 'Mend them.' });
  const issue = { tracker: 'local', repository, key: created.key } as const;
  const { begun, ended } = await tellTwice(deps, { issue, runId, labels: { running: 'at work' } });
  const intent = { name: 'comment', on: `#${created.key}` };
  expect(begun).toEqual(
    {
      'before-intent': [],
      'after-intent': [expect.not.objectContaining({ receipt: expect.anything() })],
      'after-effect': [expect.not.objectContaining({ receipt: expect.anything() })],
      'after-receipt': [expect.objectContaining({ ...intent, receipt: '1' })],
    }[moment],
  );
  expect(ended).toMatchObject([
    { ...intent, receipt: '1', attempts: moment === 'after-intent' || moment === 'after-effect' ? 2 : 1 },
    { name: 'labels', receipt: '' },
  ]);
  // The second of two comments would be `2`.
  expect(await deps.trackers.local.upsertComment({ issue, marker: PROGRESS_MARKER, body: 'x' })).toMatchObject({ id: '1' });
});

test('what nobody else sees is done without being recorded, between two moments', async () => {
  await using host = await activityHost();
  const reached: Moment[] = [];
  const deps: Dependencies = { ...host.deps, atEffect: async ({ moment }) => void reached.push(moment) };
  expect(await performEffect(deps, { name: 'checkpoint', runId, on: 'tree' }, async () => 'done')).toBe('done');
  expect(reached).toEqual(momentsOf('checkpoint'));
  expect(await deps.ledger.listEffects(runId)).toEqual([]);
});

test('every effect of the registry is one that activities perform', async () => {
  const folder = new URL('../../src/activities/', import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ts') && name !== 'effects.ts');
  const sources = (await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')))).join('\n');
  for (const name of EFFECT_NAMES) expect([name, sources.includes(`name: '${name}'`)]).toEqual([name, true]);
});
