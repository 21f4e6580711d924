import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import { rebuildLedger, verifyLedger } from '../../src/upkeep/ledger-check.ts';
import { startBelay } from '../support/belay.ts';

test('what the ledger has lost is found, and recorded again from Temporal’s histories', async () => {
  await using belay = await startBelay();
  const { ledger, client, home } = belay;
  const project = await belay.project();
  const run = await project.run();
  const view = await run.closed();
  const steps = await run.steps();
  expect(view.status).toBe('completed');
  const deleted = await (await project.run({ target: 'Say hello', pipeline: 'plan' })).closed();
  await ledger.deleteRun(deleted.id);
  expect(await verifyLedger({ client, ledger })).toEqual({ runs: 2, differences: [] });

  execute(home, `delete from runs where id = '${run.id}'`);
  const missing = { runId: run.id, workflowId: run.workflowId, kind: 'missing' };
  expect(await verifyLedger({ client, ledger })).toMatchObject({ runs: 2, differences: [missing] });
  expect(await rebuildLedger({ client, ledger })).toMatchObject({ problems: [] });
  expect(await verifyLedger({ client, ledger })).toMatchObject({ differences: [] });
  expect(await run.view()).toEqual(view);
  const known = steps.map(({ number, name, phase, status }) => ({ number, name, phase, status }));
  expect(await run.steps()).toMatchObject(known);
  expect(await ledger.isDeletedRun(deleted.id)).toBe(true);

  const behind: RunView = { ...view, version: 1, status: 'running' };
  execute(home, `update runs set view_version = 1, status = 'running', view = '${JSON.stringify(behind).replaceAll("'", "''")}'`);
  expect(await verifyLedger({ client, ledger })).toMatchObject({ differences: [{ ...missing, kind: 'behind' }] });
});

function execute(home: string, sql: string): void {
  using database = new DatabaseSync(join(home, 'ledger.db'));
  database.exec(sql);
}
