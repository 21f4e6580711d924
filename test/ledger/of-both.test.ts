import { expect, test } from 'vitest';
import { BelayError } from '../../src/contracts/errors.ts';
import { ofBoth } from '../../src/ledger/of-both.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { exampleStep } from '../support/example-records.ts';
import { exampleRun } from '../support/example-run.ts';

const both = (name: keyof Ledger, there: unknown, here: unknown): Promise<unknown> =>
  ofBoth(name, { there: async () => there, here: async () => here });
const unknown = (): Promise<never> => Promise.reject(new BelayError({ code: 'invalid_input', message: 'No run.' }));

test('the higher epoch is the one that holds, whoever knows it', async () => {
  const [older, newer] = [
    { epoch: 1, executionId: 'a' },
    { epoch: 2, executionId: 'b' },
  ];
  expect(await both('currentEpoch', newer, older)).toEqual(newer);
  expect(await both('currentEpoch', older, newer)).toEqual(newer);
  expect(await both('currentEpoch', newer, undefined)).toEqual(newer);
  expect(await both('currentEpoch', undefined, older)).toEqual(older);
});

test('a run is as its latest view says, and another host’s is known too', async () => {
  const [older, newer] = [exampleRun({ version: 1 }), exampleRun({ version: 2 })];
  expect(await both('getRun', newer, older)).toEqual(newer);
  expect(await both('getRun', older, newer)).toEqual(newer);
  expect(await ofBoth('getRun', { there: async () => newer, here: unknown })).toEqual(newer);
  expect(await ofBoth('getRun', { there: unknown, here: async () => newer })).toEqual(newer);
  await expect(ofBoth('getRun', { there: unknown, here: unknown })).rejects.toMatchObject({ code: 'invalid_input' });
});

test('runs of an issue are those of all hosts, the newest first', async () => {
  const elsewhere = exampleRun({ id: '0000000b', createdAt: '2026-11-20T10:00:02.000Z' });
  const [stale, own] = [exampleRun({ id: '0000000a', version: 1 }), exampleRun({ id: '0000000a', version: 5 })];
  expect(await both('issueRuns', [elsewhere, stale], [own])).toEqual([elsewhere, own]);
  expect(await both('issueRuns', [elsewhere], [])).toEqual([elsewhere]);
});

test('steps are put together by their number', async () => {
  const [first, second] = [
    { ...exampleStep, number: 1 },
    { ...exampleStep, number: 2 },
  ];
  const ended = { ...second, status: 'completed' };
  expect(await both('listSteps', [first, second], [ended])).toEqual([first, ended]);
});
