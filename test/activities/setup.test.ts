import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runSetup } from '../../src/activities/setup.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { markedProcesses } from '../../src/process/process-table.ts';
import { createProcessTrees } from '../../src/process/process-trees.ts';
import { parseRepositorySettings } from '../../src/repository-settings.ts';
import { createRunFiles } from '../../src/run-files/run-files.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const lease = { runId: '0123ABCD', workflowId: 'local:a/b#1', executionId: randomUUID(), epoch: 1 };

/** Runs setup commands with real processes in a folder of their own. */
async function setUp(command: string, { limitMs, signal = new AbortController().signal }: { limitMs?: number; signal?: AbortSignal } = {}) {
  await using home = await temporaryDirectory();
  await using processes = await createProcessTrees({ bootId: randomUUID(), graceMs: 100 });
  const mark = randomUUID();
  const workspace = join(home.path, 'tree');
  await mkdir(workspace);
  const files = createRunFiles({ home: home.path });
  await using ledger = await openLedger({ path: join(home.path, 'ledger.db') });
  const workspaceEnvironment = { PATH: process.env['PATH'] ?? '', SETUP_UNDER_TEST: mark };
  const settings = parseRepositorySettings('{}', { source: '.belay.yml' });
  if (limitMs) settings.limits.setupMs = limitMs;
  const setup = { lease, path: workspace, ports: { backend: 9100, frontend: 9200 }, commands: [command], settings };
  const failure: unknown = await runSetup({ processes, files, ledger, workspaceEnvironment }, setup, signal).then(
    () => undefined,
    (error: unknown) => error,
  );
  const [log] = await ledger.listArtifacts(lease.runId);
  return { failure, log, alive: await markedProcesses(`SETUP_UNDER_TEST=${mark}`) };
}

describe('a setup command', () => {
  it('that fails is told with the end of what it said, without colours', async () => {
    const { failure } = await setUp(String.raw`printf '\033[31mnpm error\033[0m missing \377\n'; exit 7`);
    expect(failure).toMatchObject({
      code: 'setup_failed',
      message: String.raw`The setup command ${'`'}printf '\033[31mnpm error\033[0m missing \377\n'; exit 7${'`'} ended with exit code 7: npm error missing ${'\uFFFD'}`,
    });
  });

  it('that hangs is ended with everything that it started', async () => {
    const { failure, alive } = await setUp('setsid sleep 300 & sleep 300', { limitMs: 300 });
    expect(failure).toMatchObject({ code: 'setup_failed', message: expect.stringContaining('did not end within') });
    expect(alive).toEqual([]);
  });

  it('that leaves a daemon behind, which holds its output open, is over when it ends', async () => {
    expect(await setUp('setsid sleep 300 & echo ready')).toMatchObject({ failure: undefined, alive: [] });
  });

  it('that prints 1 GB fills neither memory nor disk', async () => {
    const before = process.memoryUsage.rss();
    const { failure, log } = await setUp('yes | head -c 1000000000');
    expect(failure).toBeUndefined();
    expect(log).toMatchObject({ kind: 'log', name: 'setup.log' });
    expect(log?.bytes).toBeLessThan(65 * 1024 * 1024);
    expect(process.memoryUsage.rss() - before).toBeLessThan(150 * 1024 * 1024);
  });

  it('finds no terminal, and nothing to read', async () => {
    const { failure } = await setUp('test -t 0 && exit 3; (: < /dev/tty) 2>/dev/null && exit 4; read -r answer; exit 5');
    expect(failure).toMatchObject({ message: expect.stringContaining('exit code 5') });
  });

  it('that is cancelled is no failure of the setup', async () => {
    const { failure } = await setUp('sleep 300', { signal: AbortSignal.abort(new Error('the lease is lost')) });
    expect(failure).toMatchObject({ message: 'the lease is lost' });
  });
});
