import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi } from '../support/api.ts';
import type { TestApi } from '../support/api.ts';
import { loopback } from '../support/loopback.ts';

const asked: string[] = [];
const resources = new AsyncDisposableStack();
let api: TestApi;
let elsewhere: string;
beforeAll(async () => {
  const server = resources.use(
    await loopback((request, response) => {
      asked.push(String(request.url));
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"Not Found"}');
    }),
  );
  elsewhere = server.url;
  api = resources.use(await startTestApi({ settings: { BELAY_GITHUB_API_URL: server.url, GITHUB_TOKEN: 'ghp_test' } }));
});
afterAll(() => resources.disposeAsync());

const start = async (repository: string, more: object = {}, repositories?: string[]) => {
  const token = await api.token('operator', repositories ? { repositories } : {});
  return api.call('POST', '/api/runs', { token, body: { repository, request: 'Read it out', ...more } });
};

test.each([
  ['file:///etc', 400],
  ['file:/etc', 400],
  ['/etc', 403],
  ['/proc/self/cwd', 403],
  ['./../../etc', 400],
  ['~/.ssh', 400],
  ['http://169.254.169.254/latest/meta-data', 400],
  ['https://169.254.169.254/acme/shop', 400],
  ['https://github.com@169.254.169.254/acme/shop', 400],
  ['https://github.com.example.com/acme/shop', 400],
  ['ssh://git@169.254.169.254/acme/shop', 400],
  ['git@example.com:acme/shop.git', 400],
  ['ext::sh -c id', 400],
  ['--upload-pack=id', 400],
  ['-x/y', 400],
  ['local/..', 422],
  ['local:../../etc', 400],
  ['local:../etc', 422],
  ['acme/..', 400],
  ['acme/shop\n/etc', 400],
  ['acme/shop\0', 400],
  ['\\\\server\\share', 400],
  ['github:local/shop', 400],
])('an operator cannot have a run work in %j', async (repository, status) => {
  const before = asked.length;
  expect((await start(repository)).status).toBe(status);
  expect(asked.slice(before)).toEqual([]);
});

test.each(['http://{host}/acme/shop', 'http://{host}/../latest'])('a server is asked for nothing but as GitHub: %s', async (address) => {
  const before = asked.length;
  await start(address.replace('{host}', new URL(elsewhere).host));
  expect(asked.slice(before).filter((path) => !path.startsWith('/repos/acme/shop'))).toEqual([]);
});

test('a repository of this machine lets nobody into one of GitHub that is called the same', async () => {
  const answer = await start('github:local/shop', {}, ['local/shop']);
  expect(answer).toMatchObject({ status: 400, json: { detail: expect.stringContaining('the owner local on GitHub') as string } });
  expect(asked).not.toContain('/repos/local/shop');
});
