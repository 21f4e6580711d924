import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { withoutHostPaths } from '../../src/http/host-paths.ts';
import { createLocalForge } from '../../src/forges/local.ts';
import { gitRemote } from '../support/git-remote.ts';
import { startTestApi } from '../support/api.ts';

const HIDDEN = '[a path on the server]';

test.each([
  ['The ledger /srv/belay/ledger.db is kept busy.', `The ledger ${HIDDEN} is kept busy.`],
  ['It is gone: /srv/shop.git.', `It is gone: ${HIDDEN}.`],
  ["ENOENT: no such file, open '/home/ada/.belay/a'", `ENOENT: no such file, open '${HIDDEN}'`],
  ['git fetch failed in /home/ada/x: fatal', `git fetch failed in ${HIDDEN}: fatal`],
  ['file:///etc/passwd', 'file:///etc/passwd'],
  ['There is no /api/nothing/here.', 'There is no /api/nothing/here.'],
  ['/openapi.json and /docs say it; `/belay run` begins one.', '/openapi.json and /docs say it; `/belay run` begins one.'],
  ['https://github.com/acme/shop and acme/shop, local/shop', 'https://github.com/acme/shop and acme/shop, local/shop'],
])('%s names no folder of this machine', (text, told) => {
  expect(withoutHostPaths(text)).toBe(told);
});

test('what the caller has said is left', () => {
  expect(withoutHostPaths('/srv/shop is none, /srv/other is.', '{"repository":"/srv/shop"}')).toBe(`/srv/shop is none, ${HIDDEN} is.`);
});

test('a caller is not told where a repository is; the log is, with the id of the request', async () => {
  await using api = await startTestApi();
  await using remote = await gitRemote({ files: { 'README.md': 'A shop.\n' }, name: 'shop' });
  await createLocalForge({ home: api.home }).register({ path: remote.path });
  await rm(remote.path, { recursive: true });
  const token = await api.token('operator');
  const answer = await api.call('POST', '/api/runs', { token, body: { repository: 'local/shop', request: 'Say so' } });
  expect([answer.status, answer.text]).toEqual([422, expect.stringContaining('is gone')]);
  expect(answer.text).not.toContain(remote.path);
  const id = String(answer.headers.get('x-request-id'));
  expect(api.log.filter((line) => line.includes(id)).join('')).toContain(remote.path);
});
