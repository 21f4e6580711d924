import { expect, test } from 'vitest';
import { createSharedCalls } from '../../src/git/shared-call.ts';

/** Work that begins and ends when the test says so. */
function controlled() {
  const calls: { begins(): void; end(answer: string): void; fail(reason: Error): void; signal: AbortSignal }[] = [];
  const work = async (begins: () => void, signal: AbortSignal): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    calls.push({ begins, end: resolve, fail: reject, signal });
    return promise;
  };
  return { calls, work };
}

test('shares a call that has not begun, and starts another for who comes later', async () => {
  const share = createSharedCalls<string>();
  const { calls, work } = controlled();
  const early = [share({ key: 'k', work }), share({ key: 'k', work })];
  calls[0]?.begins();
  const late = share({ key: 'k', work });
  const other = share({ key: 'other', work });
  expect(calls).toHaveLength(3);
  calls.forEach((call, index) => call.end(`answer ${index}`));
  expect(await Promise.all([...early, late, other])).toEqual(['answer 0', 'answer 0', 'answer 1', 'answer 2']);
});

test('aborts a call that nobody waits for any more, and does not give it to the next', async () => {
  const share = createSharedCalls<string>();
  const { calls, work } = controlled();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = share({ key: 'k', work, signal: one.signal });
  const second = share({ key: 'k', work, signal: two.signal });
  one.abort(new Error('one left'));
  await expect(first).rejects.toThrow('one left');
  expect(calls[0]?.signal.aborted).toBe(false);
  two.abort(new Error('two left'));
  await expect(second).rejects.toThrow('two left');
  expect(calls[0]?.signal.aborted).toBe(true);
  const third = share({ key: 'k', work });
  calls[0]?.fail(new Error('aborted'));
  calls[1]?.end('fresh');
  expect(await third).toBe('fresh');
});

test('gives a failure to all, and forgets it', async () => {
  const share = createSharedCalls<string>();
  const { calls, work } = controlled();
  const both = Promise.allSettled([share({ key: 'k', work }), share({ key: 'k', work })]);
  calls[0]?.fail(new Error('broken'));
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const again = share({ key: 'k', work });
  calls[1]?.end('fine');
  expect(await again).toBe('fine');
});
