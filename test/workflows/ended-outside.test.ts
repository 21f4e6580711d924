import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { openContext } from '../../src/cli/context.ts';
import { follow, settled } from '../../src/orders/follow.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import { createMirrors } from '../../src/git/mirror.ts';
import { settleOpenRuns } from '../../src/upkeep/closed-outside.ts';
import { markedProcesses } from '../../src/process/process-table.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import type { TestRun } from '../support/belay-run.ts';
import { phaseOf } from '../support/belay-run.ts';
import { eventually } from '../support/eventually.ts';

const nothing = (): void => {};
const QUIET = { live: false, piped: true, out: nothing, note: nothing, exact: nothing };

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay({ BELAY_TEST_ATTEMPTS: '1' });
});
afterAll(() => belay[Symbol.asyncDispose]());

const terminate = ({ workflowId }: TestRun) => belay.client.workflow.getHandle(workflowId).terminate('test');

async function followed({ workflowId }: TestRun): Promise<RunView | undefined> {
  let last: RunView | undefined;
  for await (const view of follow({ client: belay.client, ledger: belay.ledger, workflowId })) last = view;
  return last;
}

describe('a run that Temporal ended', () => {
  it('shows as failed with the reason to whoever follows it, and in the ledger', async () => {
    const project = await belay.project({ script: { implement: [{ hang: true }] } });
    const run = await project.run();
    await run.working('implement');
    const following = followed(run);
    await terminate(run);
    const view = await following;
    expect(view).toMatchObject({
      status: 'failed',
      errors: [{ code: 'run_terminated', message: expect.stringContaining('TERMINATED') as string }],
    });
    expect(phaseOf(view as RunView, 'implement')).toMatchObject({ status: 'failed', error: { code: 'run_terminated' } });
    for (const past of ['workspace', 'currentStep']) expect(view).not.toHaveProperty(past);
    expect(await run.view()).toEqual(view);
    expect(await followed(run)).toEqual(view);
  });

  it('is cleaned up after by its host, and shows as failed although nobody follows it', async () => {
    const project = await belay.project({ script: { implement: [{ hang: true }] } });
    const run = await project.run();
    await run.working('implement');
    await terminate(run);
    expect(await run.until('failed')).toMatchObject({ errors: [{ code: 'run_terminated' }] });
    await eventually(() => expect(access(run.worktree)).rejects.toThrow('ENOENT'));
    const boot = (await readFile(join(belay.home, 'boot'), 'utf8')).trim();
    expect(await markedProcesses(`BELAY_BOOT=${boot}`)).toEqual([]);
    await eventually(async () => expect(await project.comment()).toContain('run_terminated'));
  });

  it('while it was parked is not parked any more', async () => {
    const project = await belay.project({ script: { implement: [{ write: { 'broken.txt': 'yes\n' } }] } });
    const run = await project.run();
    await run.parked();
    await terminate(run);
    expect(await followed(run)).toMatchObject({ status: 'failed', errors: [{ code: 'tests_failing' }, { code: 'run_terminated' }] });
  });

  it('while it was parked shows as failed, on its issue too, without anyone following it', async () => {
    const project = await belay.project({ script: { implement: [{ write: { 'broken.txt': 'yes\n' } }] } });
    const run = await project.run();
    await run.parked();
    await terminate(run);
    expect(await run.until('failed')).toMatchObject({ errors: [{ code: 'tests_failing' }, { code: 'run_terminated' }] });
    await eventually(async () => expect(await project.comment()).toContain('run_terminated'));
  });

  it('is settled as failed, and its issue’s next run is left alone', async () => {
    const project = await belay.project({ script: { implement: [{ hang: true }] } });
    const first = await project.run();
    await first.working('implement');
    const known = await first.view();
    await terminate(first);
    const second = await project.run();
    await second.working('implement');
    expect(second.workflowId).toBe(first.workflowId);
    expect(await settled(belay, known)).toMatchObject({ id: first.id, status: 'failed' });
    expect(await first.view()).toMatchObject({ status: 'failed' });
    const open = await second.view();
    expect(await settled(belay, open)).toEqual(open);
    await second.cancel();
    expect(await second.closed()).toMatchObject({ status: 'cancelled' });
  });
});

test('an id under which nothing has begun for an hour is given up, a newer one is not', async () => {
  const { ledger } = belay;
  const reserve = (ageMs: number): Promise<string> =>
    ledger.reserveRun({
      workflowId: (id) => `local:acme/none@${id}`,
      pipeline: 'sdlc',
      repository: 'acme/none',
      triggeredBy: 'ada',
      createdAt: new Date(Date.now() - ageMs).toISOString(),
    });
  const [old, recent] = [await reserve(2 * 60 * 60_000), await reserve(60_000)];
  await using context = await openContext({ env: { ...process.env, BELAY_HOME: belay.home }, terminal: QUIET });
  await settleOpenRuns({ ...context, client: belay.client, mirrors: createMirrors({ home: belay.home }) }, new AbortController().signal);
  await expect(ledger.getRun(old)).rejects.toMatchObject({ code: 'invalid_input' });
  expect(await ledger.getRun(recent)).toMatchObject({ id: recent, status: 'pending' });
  await ledger.discardReservation(recent);
});
