import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { createRunFiles } from '../../src/run-files/run-files.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { expireRecords } from '../../src/upkeep/records.ts';
import { exampleRun } from '../support/example-run.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const DAY_MS = 24 * 3_600_000;
const daysAgo = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

async function records() {
  const { path: home, ...folder } = await temporaryDirectory();
  const ledger = await openLedger({ path: join(home, 'ledger.db') });
  const files = createRunFiles({ home });
  /** A run that closed then, with a line in its log and a plan. */
  const leave = async (id: string, completedAt: string): Promise<void> => {
    const line = { runId: id, source: 's', seq: 1, at: completedAt, level: 'info', message: 'x' } as const;
    await ledger.recordRun(exampleRun({ id, status: 'completed', completedAt }));
    await ledger.appendLogs([line]);
    await files.appendLog({ runId: id, lines: [line] });
    await ledger.recordArtifact(await files.writeArtifact({ runId: id, kind: 'plan', name: 'plan.md', text: '# Plan' }));
  };
  const kept = async (id: string): Promise<string> => {
    const there = {
      lines: (await ledger.readLogs({ runId: id })).length > 0,
      log: existsSync(join(home, 'runs', id, 'log.txt')),
      artifact: (await ledger.listArtifacts(id)).length > 0,
      plan: existsSync(join(home, 'runs', id, 'artifacts')),
    };
    return Object.entries(there)
      .filter(([, isThere]) => isThere)
      .map(([name]) => name)
      .join(' ');
  };
  const options = { home, ledger, files, log: createLog({ level: 'silent', secrets: [] }) };
  return {
    ledger,
    leave,
    kept,
    options,
    async [Symbol.asyncDispose]() {
      await ledger[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test('logs and files of runs go when they are too old, each by its own age', async () => {
  await using all = await records();
  await all.leave('aaaaaaaa', daysAgo(30));
  await all.leave('bbbbbbbb', daysAgo(10));
  await all.leave('cccccccc', daysAgo(1));
  await expireRecords({ ...all.options, records: { logsMs: 5 * DAY_MS, artifactsMs: 20 * DAY_MS } });
  expect(await Promise.all(['aaaaaaaa', 'bbbbbbbb', 'cccccccc'].map(all.kept))).toEqual(['', 'artifact plan', 'lines log artifact plan']);
  expect((await all.ledger.listRuns()).length).toBe(3);
});

test('without a limit nothing goes', async () => {
  await using all = await records();
  await all.leave('aaaaaaaa', daysAgo(3000));
  await all.ledger.appendAudit({ at: daysAgo(3000), actor: 'ada', role: 'admin', source: 'api', action: 'run.cancel' });
  await expireRecords({ ...all.options, records: {} });
  expect(await all.kept('aaaaaaaa')).toBe('lines log artifact plan');
  expect((await all.ledger.listAudit({ limit: 9 })).length).toBe(1);
});

test('that a part of the audit went is in the audit', async () => {
  await using all = await records();
  await all.ledger.appendAudit({ at: daysAgo(30), actor: 'ada', role: 'admin', source: 'api', action: 'run.cancel' });
  await expireRecords({ ...all.options, records: { auditMs: 20 * DAY_MS } });
  expect(await all.ledger.listAudit({ limit: 9 })).toMatchObject([{ id: 2, action: 'audit.expire', detail: { entries: 1 } }]);
  expect(await all.ledger.verifyAudit()).toMatchObject({ entries: 1, head: expect.any(String) });
});
