import { expect, test } from 'vitest';
import { startInBackground } from '../../src/cli/background.ts';
import { belayUser } from '../support/cli.ts';

test('a background process that could not start has ended when its reason is told', async () => {
  await using user = await belayUser();
  const env = { ...user.env, BELAY_TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const failure: unknown = await startInBackground({ home: user.home, env, onProgress: () => {} }).catch((error: unknown) => error);
  expect(await user.processes()).toEqual([]);
  expect(failure).toMatchObject({ code: 'temporal_unreachable', message: expect.stringContaining('Temporal at 127.0.0.1:1') as string });
});
