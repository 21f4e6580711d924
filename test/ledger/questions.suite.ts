import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { PhaseView } from '../../src/contracts/run-view.ts';
import { exampleRun } from '../support/example-run.ts';
import { freshLedger } from '../support/fresh-ledger.ts';

const PAGE = readFileSync(new URL('../../docs/database.md', import.meta.url), 'utf8');
const QUESTIONS = PAGE.slice(PAGE.indexOf('## What people ask'), PAGE.indexOf('## The tables'));
const QUERIES = [...QUESTIONS.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql = '']) => sql.trim().replace(/;$/, ''));

test('the questions of the documentation are answered', async () => {
  await using fresh = await freshLedger();
  const done: Omit<PhaseView, 'name'> = { status: 'completed', attempts: 1, durationMs: 5000, sessions: [] };
  const error: PhaseView['error'] = { code: 'tests_failing', message: 'They fail.' };
  const phases: PhaseView[] = [
    { name: 'plan', ...done },
    { name: 'test', ...done, status: 'failed', error },
  ];
  await fresh.ledger.recordRun(exampleRun({ status: 'failed', costUsd: 2, phases }));
  expect(QUERIES.length).toBeGreaterThanOrEqual(5);
  const answers = await Promise.all(
    QUERIES.map(async (sql) => (await fresh.rows(sql)).map((row) => Object.values(row).map(String).join(' '))),
  );
  expect(answers.slice(0, 5)).toEqual([
    ['2026-11-20 1 2'],
    [expect.stringMatching(/^acme\/shop 0/)],
    ['acme/shop 1 Totals are wrong 1 2'],
    [expect.stringMatching(/^plan 1 5\S* 1/)],
    ['tests_failing 1'],
  ]);
});
