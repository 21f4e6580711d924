import { Client, types } from 'pg';
import type { ClientConfig, CustomTypesConfig } from 'pg';

/** Longer than a connection takes where there is somebody at all. */
const CONNECT_MS = 10_000;
/** https://www.postgresql.org/docs/current/catalog-pg-type.html */
const INT8 = 20;
const NUMERIC = 1700;

/** How every connection is made. Whole numbers are numbers: none here is beyond 2^53. */
export const connectionOf = (url: string): ClientConfig => ({
  connectionString: url,
  application_name: 'belay',
  connectionTimeoutMillis: CONNECT_MS,
  keepAlive: true,
  types: {
    getTypeParser: ((oid: number, format?: 'text') =>
      oid === INT8 || oid === NUMERIC ? Number : types.getTypeParser(oid, format)) as CustomTypesConfig['getTypeParser'],
  },
});

/** Clients that are made with the address of then: a pool, which knows only one, makes all of its connections of them. */
export function clientOf(urlNow: () => string): typeof Client {
  return class extends Client {
    constructor(config?: ClientConfig) {
      super({ ...config, ...connectionOf(urlNow()) });
    }
  };
}

/** What the database is called in messages: without its password. */
export function nameOf(url: string): string {
  if (!URL.canParse(url)) return 'of BELAY_DATABASE_URL';
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
