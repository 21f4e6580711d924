import { describe, expect, it } from 'vitest';
import type { RunState } from '../../src/contracts/run-state.ts';
import { Results } from '../../src/workflows/results.ts';

const state = (): RunState => ({ schema: 1, view: {} as RunState['view'], results: {}, epoch: 0, nextStep: 0, workedMs: 0 });

/** A body that counts how often it really ran. */
function counted<T>(value: T) {
  const body = Object.assign(async () => ((body.runs += 1), value), { runs: 0 });
  return body;
}

describe('Results', () => {
  it('runs an occurrence once, also when the body is run again with the same state', async () => {
    const kept = state();
    const body = counted('done');
    await new Results(kept).keep('plan', body);
    expect(await new Results(kept).keep('plan', body)).toBe('done');
    expect(body.runs).toBe(1);
  });

  it('tells occurrences of one name apart by where they happen', async () => {
    const kept = state();
    const results = new Results(kept);
    await results.within('1', async () => results.keep('test', counted(1)));
    await results.within('2', async () => results.keep('test', counted(2)));
    await results.keep('test', counted(3));
    await results.keep('test', counted(4));
    expect(Object.keys(kept.results)).toEqual(['1/test', '2/test', 'test', 'test#2']);
  });

  it('keeps several steps that go on at once where they belong, whichever ends first', async () => {
    const kept = state();
    const results = new Results(kept);
    const slow = Promise.withResolvers<string>();
    const both = results.within('publish', async () => {
      const first = results.keepStep('commit-message', () => slow.promise);
      await results.keepStep('pull-request', counted('fast'));
      slow.resolve('slow');
      return first;
    });
    expect(await both).toBe('slow');
    expect(Object.entries(kept.results).map(([key, { value }]) => [key, value])).toEqual([
      ['publish/pull-request', 'fast'],
      ['publish/commit-message', 'slow'],
    ]);
  });

  it('folds what lies inside a finished occurrence away, and keeps it while the occurrence is unfinished', async () => {
    const kept = state();
    const results = new Results(kept);
    const failing = results.keep('review', async () => {
      await results.keep('run-review', counted('found'));
      throw new Error('stopped');
    });
    await expect(failing).rejects.toThrow('stopped');
    expect(Object.keys(kept.results)).toEqual(['review/run-review']);
    const again = new Results(kept);
    const inner = counted('again');
    await again.keep('review', async () => again.keep('run-review', inner));
    expect(inner.runs).toBe(0);
    expect(Object.keys(kept.results)).toEqual(['review']);
  });

  it('forgets an occurrence with everything after it, and goes back to the checkpoint before it', async () => {
    const kept = state();
    const results = new Results(kept);
    const working = (sha: string) => async () => void (kept.checkpoint = sha);
    await results.keep('implement', working('one'));
    await results.keep('test', working('two'));
    await results.keep('document', working('three'));
    results.dropFrom('test');
    expect(Object.keys(kept.results)).toEqual(['implement']);
    expect(kept.checkpoint).toBe('one');
  });

  it('forgets what happened inside an unfinished occurrence, and keeps the work', async () => {
    const kept = state();
    const results = new Results(kept);
    await results.within('test', async () => results.keep('run-tests', async () => void (kept.checkpoint = 'mended')));
    results.dropInside('test');
    expect(kept.results).toEqual({});
    expect(kept.checkpoint).toBe('mended');
  });

  it('leaves everything as it is when asked to forget what never happened', async () => {
    const kept = state();
    const results = new Results(kept);
    await results.keep('plan', counted('p'));
    results.dropFrom('nonsense');
    expect(Object.keys(kept.results)).toEqual(['plan']);
  });
});
