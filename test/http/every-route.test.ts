import { afterAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../src/http/openapi.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { describedRoutes } from '../support/api-document.ts';
import type { ApiDocument, DescribedRoute } from '../support/api-document.ts';
import { startTestApi } from '../support/api.ts';
import { startPostgres } from '../support/postgres.ts';
import { recordedRun } from '../support/recorded-run.ts';

const ID = '0123abcd';
const MANY = '1000000';
const routes = describedRoutes(openApiDocument(ROUTES) as ApiDocument);
const LONG = 'a'.repeat(5000);

/** As they stand in an address: paths, other alphabets, bytes that are no text, and what is special elsewhere. */
const IDS = ['..%2f..%2fetc%2fpasswd', '%00', '%ED%A0%80', '%F0%9F%92%A9', LONG, '__proto__', 'constructor', "'%20or%201=1--", '-1', '*'];
const QUERIES = [
  '',
  '%00',
  '-1',
  '1e2',
  '0x10',
  '9007199254740993',
  '99999999999999999999',
  'null',
  '%ED%A0%80',
  LONG,
  "';drop%20table%20runs",
];
const VALUES = [
  null,
  true,
  -1,
  1e308,
  '',
  ' ',
  'a\u0000b',
  '\ud800',
  LONG.repeat(10),
  [],
  [[]],
  {},
  { toString: 1 },
  JSON.parse('{"__proto__":{"a":1}}'),
];
const BODIES = ['', 'null', '[]', '"x"', '1', '{', '{}x', '['.repeat(50_000), '{"__proto__":1}', '{"unknown":1}', '\u0000'];
const TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  '/',
];

const addressOf = ({ path }: DescribedRoute): string =>
  path
    .replace('/artifacts/{id}', `/artifacts/${'0'.repeat(20)}`)
    .replace('{id}', ID)
    .replace('{owner}/{name}', 'no/thing');

interface Trial {
  address: string;
  body?: string;
  headers?: Record<string, string>;
}

/** Everything that is wrong in one place at a time. */
function trialsOf(route: DescribedRoute): Trial[] {
  const address = addressOf(route);
  const given = route.fields ? { body: '{}' } : {};
  const inPath = route.pathParameters.flatMap((name) =>
    IDS.map((value) => ({ address: addressOf({ ...route, path: route.path.replace(`{${name}}`, value) }), ...given })),
  );
  const inQuery = route.queryParameters.flatMap((name) =>
    [...QUERIES.map((value) => `${name}=${value}`), `${name}=1&${name}=2`, `${name}[]=1`, `${name}[a]=1`].map((query) => ({
      address: `${address}?${query}`,
    })),
  );
  const inBody = (route.fields ?? []).flatMap((name) => VALUES.map((value) => ({ address, body: JSON.stringify({ [name]: value }) })));
  const bodies = route.fields ? BODIES.map((body) => ({ address, body })) : [];
  const types = route.fields ? TYPES.map((type) => ({ address, body: '{}', headers: { 'content-type': type } })) : [];
  return [...inPath, ...inQuery, { address: `${address}?unknown=1`, ...given }, ...inBody, ...bodies, ...types];
}

const media = (type: string | null): string => (type ?? '').replace(/;.*/, '');

describe.each(['SQLite', 'Postgres'])('with the ledger in %s', async (database) => {
  await using setUp = new AsyncDisposableStack();
  const limits = { BELAY_API_CALLS_PER_MINUTE: MANY, BELAY_API_ADDRESS_CALLS_PER_MINUTE: MANY };
  const url = database === 'Postgres' ? await setUp.use(await startPostgres()).createDatabase('routes') : undefined;
  const api = setUp.use(await startTestApi({ settings: { ...limits, ...(url ? { BELAY_DATABASE_URL: url } : {}) } }));
  // It is over: what follows it ends.
  await recordedRun({ ...api, run: { id: ID, workflowId: 'local:acme/shop#1', status: 'completed' } });
  const resources = setUp.move();
  afterAll(() => resources.disposeAsync());

  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s answers whatever it is asked with what its document says',
    async (_, route) => {
      const wrong: unknown[] = [];
      for (const { address, ...request } of trialsOf(route)) {
        const { status, headers, json } = await api.call(route.method, address, request);
        const documented = route.responses[status];
        const types = Object.keys(documented?.content ?? {});
        const type = media(headers.get('content-type'));
        const isTold = status < 400 || (type === 'application/problem+json' && (json as { status: number }).status === status);
        // Without an id in its place an address is another one.
        const isOther = status === 404 || status === 405;
        if (isOther ? !isTold : !documented || !isTold || (types.length > 0 && !types.includes(type)) || (status >= 500 && status !== 503))
          wrong.push({ address: address.slice(0, 100), ...request, status, type });
      }
      expect(wrong).toEqual([]);
    },
  );

  it('nothing of it failed unexpectedly', () => {
    expect(api.log.filter((line) => line.includes('failed unexpectedly'))).toEqual([]);
  });
});
