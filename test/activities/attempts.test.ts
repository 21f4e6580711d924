import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CancelledFailure, DefaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import type { Client } from '@temporalio/client';
import { createHostActivity, failPredecessors } from '../../src/activities/attempts.ts';
import { BelayError } from '../../src/contracts/errors.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const attemptsIn = async (home: string): Promise<string[]> => readdir(join(home, 'attempts')).catch(() => []);

describe('createHostActivity', () => {
  it('notes the attempt on disk while it runs, and no longer', async () => {
    await using home = await temporaryDirectory();
    const activity = createHostActivity({ home: home.path })(async () => attemptsIn(home.path));
    expect(await new MockActivityEnvironment().run(activity, undefined)).toHaveLength(1);
    expect(await attemptsIn(home.path)).toEqual([]);
  });

  it('gives an error of the catalogue its code as type, its hint as detail, and its class as retryability', async () => {
    await using home = await temporaryDirectory();
    const failing = (code: 'engine_crashed' | 'tests_failing') =>
      createHostActivity({ home: home.path })(async () => {
        throw new BelayError({ code, message: 'It broke.', hint: 'Mend it.' });
      });
    const run = (code: 'engine_crashed' | 'tests_failing') => new MockActivityEnvironment().run(failing(code), undefined);
    await expect(run('engine_crashed')).rejects.toMatchObject({
      type: 'engine_crashed',
      nonRetryable: false,
      details: [{ hint: 'Mend it.' }],
    });
    await expect(run('tests_failing')).rejects.toMatchObject({ type: 'tests_failing', nonRetryable: true });
  });

  it('passes cancellation on, whatever the work makes of it', async () => {
    await using home = await temporaryDirectory();
    const environment = new MockActivityEnvironment();
    const activity = createHostActivity({ home: home.path })(async (_: undefined, signal: AbortSignal) => {
      environment.cancel('CANCELLED');
      expect(signal.aborted).toBe(true);
      throw new Error('a library that knows no cancellation');
    });
    await expect(environment.run(activity, undefined)).rejects.toBeInstanceOf(CancelledFailure);
    expect(await attemptsIn(home.path)).toEqual([]);
  });

  it('keeps the note of a second attempt when the first, given up by the server, ends', async () => {
    await using home = await temporaryDirectory();
    const attempt = (number: number) => {
      const ending = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      const activity = createHostActivity({ home: home.path })(async () => {
        begun.resolve();
        return ending.promise;
      });
      const ended = new MockActivityEnvironment({ attempt: number }).run(activity, undefined);
      return { begun: begun.promise, ended, end: ending.resolve };
    };
    const [first, second] = [attempt(1), attempt(2)];
    await Promise.all([first.begun, second.begun]);
    first.end();
    await first.ended;
    expect(await attemptsIn(home.path)).toHaveLength(1);
    second.end();
    await second.ended;
    expect(await attemptsIn(home.path)).toEqual([]);
  });
});

describe('failPredecessors', () => {
  it('reports what it can, and lets neither a broken note nor a refusing server stop the worker', async () => {
    await using home = await temporaryDirectory();
    await mkdir(join(home.path, 'attempts'));
    const note = (activityId: string) => JSON.stringify({ workflowId: 'w', runId: 'r', activityId });
    const notes = { 'cut.json': '', 'refused.json': note('refused'), 'good.json': note('good') };
    for (const [name, text] of Object.entries(notes)) await writeFile(join(home.path, 'attempts', name), text);
    const reported: unknown[] = [];
    const converter = new DefaultFailureConverter();
    const fail = async ({ activityId }: { activityId: string }, failure: unknown) => {
      if (activityId === 'refused') throw new Error('14 UNAVAILABLE');
      // As the server, and then the workflow, are told.
      reported.push([activityId, converter.errorToFailure(failure, defaultPayloadConverter).applicationFailureInfo?.type]);
    };
    const forgotten: unknown[] = [];
    const resetStickyTaskQueue = async (asked: unknown) => void forgotten.push(asked);
    const warnings: string[] = [];
    const failed = await failPredecessors({
      home: home.path,
      client: { activity: { fail }, workflowService: { resetStickyTaskQueue }, options: { namespace: 'default' } } as unknown as Client,
      warn: (_error, message) => warnings.push(message),
    });
    expect(failed).toBe(1);
    expect(reported).toEqual([['good', 'WorkerRestarted']]);
    expect(forgotten).toContainEqual({ namespace: 'default', execution: { workflowId: 'w', runId: 'r' } });
    expect(warnings.toSorted()).toEqual([expect.stringContaining('cut.json'), expect.stringContaining('refused.json')]);
    expect(await attemptsIn(home.path)).toEqual([]);
  });
});
