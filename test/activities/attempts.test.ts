import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { createHostActivity } from '../../src/activities/attempts.ts';
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
});
