import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { composeFiles } from '../../src/compose-artifacts.ts';
import { loadConfig } from '../../src/config.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { expireRecords } from '../../src/upkeep/records.ts';
import { eventually } from '../support/eventually.ts';
import { exampleRun } from '../support/example-run.ts';
import { startS3Server } from '../support/s3-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const RECORDING = fileURLToPath(new URL('recording-process.fixture.ts', import.meta.url));
const DAY_MS = 24 * 3_600_000;
const daysAgo = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

/** A home with a store, and what is told of problems with it. */
async function sharing() {
  await using stack = new AsyncDisposableStack();
  const { path: home } = stack.use(await temporaryDirectory());
  const server = stack.use(await startS3Server());
  const ledger = stack.use(await openLedger({ path: join(home, 'ledger.db') }));
  const config = loadConfig({ BELAY_HOME: home, ...server.env });
  const problems: string[] = [];
  /** What a process of this home does, until it is disposed. */
  const begin = () => composeFiles({ config, ledger, onProblem: (error, message) => void problems.push(`${message}: ${String(error)}`) });
  const leave = async ({ files, ledger: recording }: ReturnType<typeof begin>, runId: string, name = 'plan.md') => {
    const artifact = await files.writeArtifact({ runId, kind: 'plan', name, text: `# ${name}` });
    await recording.recordArtifact(artifact);
    return artifact;
  };
  const names = async (): Promise<string[]> => (await server.keys()).map((key) => key.replace(/[0-9a-f]{20}-[0-9a-f]{12}-/, '')).toSorted();
  const kept = stack.move();
  return { home, server, ledger, config, problems, begin, leave, names, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Polls until the store has exactly these. */
const inStore = ({ names }: { names: () => Promise<string[]> }, wanted: string[]) =>
  eventually(async () => expect(await names()).toEqual(wanted));

test('what is recorded reaches the store by itself', async () => {
  await using all = await sharing();
  await using one = all.begin();
  await all.leave(one, '0000aaaa');
  await inStore(all, ['belay/0000aaaa/plan.md']);
  expect(all.problems).toEqual([]);
});

test('what is recorded by who may see some repositories reaches the store too', async () => {
  await using all = await sharing();
  await using one = all.begin();
  await all.leave({ ...one, ledger: one.ledger.forRepositories(['acme/shop', 'acme/web']).forRepositories(['acme/shop']) }, '0000aaaa');
  await inStore(all, ['belay/0000aaaa/plan.md']);
});

test('a store that is away holds up nobody, and gets everything when it is back', async () => {
  await using all = await sharing();
  await all.server.stop();
  await using one = all.begin();
  for (const name of ['a.md', 'b.md']) await all.leave(one, '0000aaaa', name);
  expect(await all.ledger.listArtifacts('0000aaaa')).toHaveLength(2);
  await eventually(() => Promise.resolve(expect(all.problems).toHaveLength(1)));
  expect(all.problems[0]).toContain('could not be sent to the store');
  await all.server.start();
  await inStore(all, ['belay/0000aaaa/a.md', 'belay/0000aaaa/b.md']);
});

test('what a process had not sent when it ended, the next one of its home sends', async () => {
  await using all = await sharing();
  await all.server.stop();
  {
    await using one = all.begin();
    await all.leave(one, '0000aaaa');
  }
  await all.server.start();
  expect(await all.names()).toEqual([]);
  await using _next = all.begin();
  await inStore(all, ['belay/0000aaaa/plan.md']);
});

test('what a killed process had recorded, the next one of its home sends', async () => {
  await using all = await sharing();
  await all.server.stop();
  const env = { ...all.server.env, BELAY_HOME: all.home, PATH: process.env['PATH'] };
  const killed = spawn(process.execPath, [RECORDING], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(killed, 'exit');
  await once(killed.stdout, 'data');
  killed.kill('SIGKILL');
  await ended;
  await all.server.start();
  await using _next = all.begin();
  await inStore(all, ['belay/0000aaaa/plan.md']);
});

test('a process that ends sends what it has just recorded', async () => {
  await using all = await sharing();
  {
    await using one = all.begin();
    await all.leave(one, '0000aaaa');
  }
  expect(await all.names()).toEqual(['belay/0000aaaa/plan.md']);
});

test('a file that is gone is said to be, and keeps back no other', async () => {
  await using all = await sharing();
  await using one = all.begin();
  const lost = await one.files.writeArtifact({ runId: '0000aaaa', kind: 'plan', name: 'lost.md', text: 'x' });
  await rm(one.files.absolute(lost.path));
  await one.ledger.recordArtifact(lost);
  await all.leave(one, '0000aaaa', 'there.md');
  await inStore(all, ['belay/0000aaaa/there.md']);
  expect(all.problems.join('\n')).toContain('was removed before it could be sent');
});

test('a run that is removed goes from the store too, also where the store was away meanwhile', async () => {
  await using all = await sharing();
  await using one = all.begin();
  for (const id of ['0000aaaa', '0000bbbb']) {
    await all.ledger.recordRun(exampleRun({ id, workflowId: `local:acme/shop#${id}`, status: 'completed' }));
    await all.leave(one, id);
  }
  await inStore(all, ['belay/0000aaaa/plan.md', 'belay/0000bbbb/plan.md']);
  await all.server.stop();
  await all.ledger.deleteRun('0000aaaa');
  await one.files.remove('0000aaaa');
  await all.server.start();
  await inStore(all, ['belay/0000bbbb/plan.md']);
  // What comes late, from a step that was still at work.
  await all.leave(one, '0000aaaa', 'late.md');
  await all.leave(one, '0000bbbb', 'later.md');
  await inStore(all, ['belay/0000bbbb/later.md', 'belay/0000bbbb/plan.md']);
});

test('a process ends also while the store does not answer, and the next one of its home removes what it was to', async () => {
  await using all = await sharing();
  {
    await using one = all.begin();
    await all.leave(one, '0000aaaa');
    await inStore(all, ['belay/0000aaaa/plan.md']);
    all.server.silence();
    await one.files.remove('0000aaaa');
  }
  await all.server.stop();
  await all.server.start();
  await using _next = all.begin();
  await inStore(all, []);
});

test('files go from the store by their age, and those of a run that was deleted elsewhere from this host', async () => {
  await using all = await sharing();
  await using one = all.begin();
  for (const [id, days] of [
    ['0000aaaa', 30],
    ['0000bbbb', 1],
    ['0000cccc', 1],
  ] as const) {
    const completedAt = daysAgo(days);
    await all.ledger.recordRun(exampleRun({ id, workflowId: `local:acme/shop#${id}`, status: 'completed', completedAt }));
    await all.leave(one, id);
  }
  await inStore(all, ['belay/0000aaaa/plan.md', 'belay/0000bbbb/plan.md', 'belay/0000cccc/plan.md']);
  await all.ledger.deleteRun('0000cccc');
  const { store, ledger, files } = one;
  const log = createLog({ level: 'silent', secrets: [] });
  await expireRecords({ home: all.home, ledger, files, ...(store ? { store } : {}), records: { artifactsMs: 20 * DAY_MS }, log });
  await inStore(all, ['belay/0000bbbb/plan.md']);
  expect(await ledger.listArtifacts('0000aaaa')).toEqual([]);
  expect(await ledger.listArtifacts('0000bbbb')).toHaveLength(1);
});
