import { expect, it } from 'vitest';
import { belayUser } from '../support/cli.ts';

it('belay api serves who has a token, keeps it out of its log, and ends whole on SIGTERM', async () => {
  await using user = await belayUser();
  const token = (await user.belay(['token', 'create', 'ada'])).stdout.trimEnd().split('\n').at(-1) ?? '';
  await using api = user.start(['api']);
  const [, url = ''] = await api.says(/"url":"([^"]+)".*"API started"/);
  const headers = { authorization: `Bearer ${token}` };
  const runs = await fetch(`${url}/api/runs`, { headers });
  expect([runs.status, await runs.json()]).toEqual([200, { items: [], total: 0, isExact: true, page: 1, limit: 50 }]);
  expect((await fetch(`${url}/api/runs`)).status).toBe(401);
  const body = JSON.stringify({ repository: user.folder, request: 'Write it down' });
  const refused = await fetch(`${url}/api/runs`, { method: 'POST', body, headers: { ...headers, 'content-type': 'application/json' } });
  expect(refused.status).toBe(403);
  api.kill('SIGTERM');
  const { exitCode, stderr } = await api.ended;
  expect(exitCode).toBe(0);
  expect(stderr).toContain('what has been asked is answered');
  expect(stderr).not.toContain(token.slice(-40));
});
