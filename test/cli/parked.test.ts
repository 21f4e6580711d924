import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openContext } from '../../src/cli/context.ts';
import type { Context } from '../../src/cli/context.ts';
import { parked } from '../../src/cli/parked.ts';
import { show } from '../../src/cli/show.ts';
import { entryOf } from '../../src/contracts/error-catalogue.ts';
import type { RunError, RunView } from '../../src/contracts/run-view.ts';
import { exampleRun } from '../support/example-run.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const said: string[] = [];
const resources = new AsyncDisposableStack();
let context: Context;

const at = (day: number): string => `2026-11-${day}T10:00:00.000Z`;
const failed = (code: RunError['code'], more: Partial<RunError> = {}): Pick<RunView, 'errors'> => ({
  errors: [{ phase: 'test', code, message: 'It did not work.', ...more }],
});
const ended = (id: string, issue: number, changes: Partial<RunView>): RunView =>
  exampleRun({ id, workflowId: `local:acme/shop#${issue}`, status: 'failed', createdAt: at(10), completedAt: at(12), ...changes });

const RUNS: RunView[] = [
  exampleRun({
    id: '0000aaaa',
    workflowId: 'local:acme/shop#1',
    status: 'parked',
    parkedSince: at(20),
    parkedUntil: '2026-12-04T10:00:00.000Z',
    ...failed('push_rejected', { attempts: 4 }),
  }),
  ended('0000bbbb', 2, failed('tests_failing', { hint: 'Look at it.' })),
  ended('0000cccc', 3, failed('empty_repository')),
  ended('0000dddd', 4, failed('tests_failing')),
  ended('0000eeee', 4, { status: 'completed', createdAt: at(13) }),
];

beforeAll(async () => {
  const folder = resources.use(await temporaryDirectory());
  const nothing = (): void => {};
  const terminal = { live: false, piped: true, out: (text: string) => void said.push(text), note: nothing, exact: nothing };
  context = resources.use(await openContext({ env: { ...process.env, BELAY_HOME: join(folder.path, 'home') }, terminal }));
  for (const run of RUNS) await context.ledger.recordRun(run);
});
afterAll(() => resources.disposeAsync());

async function output(command: () => Promise<number>): Promise<string> {
  said.length = 0;
  expect(await command()).toBe(0);
  return said.join('\n');
}

const idsOf = (text: string): string[] => (JSON.parse(text) as RunView[]).map(({ id }) => id);

test('parked runs are listed with since when, why, how often it was tried, and what to do', async () => {
  expect(await output(() => parked(context, { closed: false, json: false }))).toBe(
    [
      '0000aaaa  parked since 2026-11-20 10:00  acme/shop  #1 Totals are wrong',
      '  push_rejected in test, tried 4 times: It did not work.',
      `  ${entryOf('push_rejected').hint}`,
      '  belay retry 0000aaaa    belay cancel 0000aaaa    (kept until 2026-12-04)',
    ].join('\n'),
  );
});

test('closed runs are listed with them on request, but for what can never work and what a later run has taken up', async () => {
  expect(idsOf(await output(() => parked(context, { closed: false, json: true })))).toEqual(['0000aaaa']);
  expect(idsOf(await output(() => parked(context, { closed: true, json: true })))).toEqual(['0000aaaa', '0000bbbb']);
  expect(await output(() => parked(context, { closed: true, json: false }))).toContain('Closed:\n0000bbbb  failed since 2026-11-12 10:00');
});

test('the history of a run lists its versions, and as JSON has what was known at each', async () => {
  await context.ledger.recordVersions('0000aaaa', [
    {
      version: 1,
      at: at(19),
      what: 'completed',
      phase: 'plan',
      results: { plan: { value: { summary: 'planned' } } },
      facts: { checkpoint: 'aa' },
    },
    { version: 2, at: at(20), what: 'parked', phase: 'test', code: 'tests_failing', facts: { checkpoint: 'bb' } },
    { version: 3, at: at(21), what: 'rolled_back', to: 1, by: 'ada', facts: { checkpoint: 'aa' } },
  ]);
  const text = await output(() => show(context, '0000aaaa', { history: true, json: false }));
  expect(text).toMatch(/^ {2}1 {2}2026-11-19 10:00:00 {2}plan completed +aa +plan$/m);
  expect(text).toMatch(/^ {2}2 .* parked in test: tests_failing +bb +plan$/m);
  expect(text).toMatch(/^ {2}3 .* went back to version 1 by ada +aa +plan$/m);
  expect(text).toContain('belay rollback 0000aaaa --version N');
  expect(JSON.parse(await output(() => show(context, '0000aaaa', { history: true, json: true })))).toMatchObject([
    { version: 1, what: 'completed', facts: { checkpoint: 'aa' }, results: { plan: { value: { summary: 'planned' } } } },
    { version: 2, code: 'tests_failing', facts: { checkpoint: 'bb' }, results: { plan: {} } },
    { version: 3, to: 1, by: 'ada', facts: { checkpoint: 'aa' } },
  ]);
});

test('a run whose first phase has not ended has no history', async () => {
  expect(await output(() => show(context, '0000cccc', { history: true, json: false }))).toContain('has no history yet');
});
