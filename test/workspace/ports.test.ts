import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPortRegistry, writePortsFile } from '../../src/workspace/ports.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Ranges that no test running beside this one uses, below the ports that the system gives away. */
let next = 20_000 + (process.pid % 100) * 100;
async function rangesOf(size: number) {
  for (;;) {
    const first = (next += 2 * size);
    const free = await Promise.all(Array.from({ length: 2 * size }, (_, index) => listen(first + index)));
    for (const server of free) server?.close();
    if (free.every((server) => server !== undefined)) {
      return { backend: { first, last: first + size - 1 }, frontend: { first: first + size, last: first + 2 * size - 1 } };
    }
  }
}

async function listen(port: number, host = '127.0.0.1') {
  const server = createServer().listen({ port, host });
  return once(server, 'listening').then(
    () => server,
    () => undefined,
  );
}

async function registry({ size = 3, home = 'home' } = {}) {
  const directory = await temporaryDirectory();
  const options = { folder: join(directory.path, 'claims'), ...(await rangesOf(size)) };
  return {
    directory: directory.path,
    options,
    at: (name: string) => createPortRegistry({ home: join(directory.path, name), ...options }),
    ports: createPortRegistry({ home: join(directory.path, home), ...options }),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

test('gives a run the same ports again, also after it let them go', async () => {
  await using space = await registry({ size: 15 });
  const claimed = await space.ports.claim({ runId: 'run00001' });
  expect(await space.ports.claim({ runId: 'run00001' })).toEqual(claimed);
  await space.ports.release({ runId: 'run00001' });
  expect((await readdir(space.options.folder)).filter((name) => name.endsWith('.json'))).toEqual([]);
  expect(await space.at('home').claim({ runId: 'run00001' })).toEqual(claimed);
});

test('gives every run of several homes ports of its own, and says who holds them when all are taken', async () => {
  await using space = await registry({ size: 6 });
  const [one, two] = [space.at('one'), space.at('two')];
  const claims = await Promise.all(Array.from({ length: 6 }, (_, index) => (index % 2 ? two : one).claim({ runId: `run0000${index}` })));
  expect(new Set(claims.flatMap(({ backend, frontend }) => [backend, frontend])).size).toBe(12);
  const { first, last } = space.options.backend;
  await expect(space.ports.claim({ runId: 'run00009' })).rejects.toMatchObject({
    code: 'ports_exhausted',
    message: expect.stringMatching(new RegExp(`All backend ports ${first}-${last} are taken: .*${first} by run run0000\\d of .*(one|two)`)),
  });
  await one.release({ runId: 'run00000' });
  expect((await space.ports.claim({ runId: 'run00009' })).backend).toBe(claims[0]?.backend);
});

test.each(['127.0.0.1', '0.0.0.0', '::1'])('passes over ports where another program listens on %s', async (host) => {
  await using space = await registry({ size: 2 });
  const { backend, frontend } = await space.ports.claim({ runId: 'run00001' });
  await space.ports.release({ runId: 'run00001' });
  const server = await listen(backend, host);
  // A machine without IPv6 cannot show this.
  if (!server) return;
  const second = await space.ports.claim({ runId: 'run00001' });
  server.close();
  expect(second.backend).not.toBe(backend);
  expect(second.frontend).toBe(frontend);
});

test('keeps the ports of a run whose own server listens already', async () => {
  await using space = await registry({ size: 2 });
  const claimed = await space.ports.claim({ runId: 'run00001' });
  const server = await listen(claimed.backend);
  expect(await space.ports.claim({ runId: 'run00001' })).toEqual(claimed);
  server?.close();
});

test('respects the claims of a living process, and takes over those of a killed one', async () => {
  await using space = await registry({ size: 1 });
  const { folder, backend } = space.options;
  const fixture = join(import.meta.dirname, 'claim-ports.fixture.ts');
  const child = spawn(process.execPath, [fixture, join(space.directory, 'theirs'), folder, 'run00001', String(backend.first), '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  expect(JSON.parse(line)).toEqual({ backend: backend.first, frontend: backend.first + 1 });
  await expect(space.ports.claim({ runId: 'run00002' })).rejects.toMatchObject({
    code: 'ports_exhausted',
    message: expect.stringContaining('run00001'),
  });
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  expect(await space.ports.claim({ runId: 'run00002' })).toEqual({ backend: backend.first, frontend: backend.first + 1 });
});

test('takes over a claim whose process id belongs to a later process, and one that cannot be read', async () => {
  await using space = await registry({ size: 1 });
  const { folder, backend, frontend } = space.options;
  await mkdir(folder);
  const reused = { port: backend.first, pid: process.pid, startTime: '1', home: '/elsewhere', runId: 'run00007' };
  await writeFile(join(folder, `${backend.first}.json`), JSON.stringify(reused));
  await writeFile(join(folder, `${frontend.first}.json`), '{"pid":');
  expect(await space.ports.claim({ runId: 'run00001' })).toEqual({ backend: backend.first, frontend: frontend.first });
});

test('lets go of its own claims only', async () => {
  await using space = await registry();
  const mine = await space.ports.claim({ runId: 'run00001' });
  await space.at('other').release({ runId: 'run00001' });
  await space.ports.release({ runId: 'run00002' });
  expect(await readdir(space.options.folder)).toEqual(expect.arrayContaining([`${mine.backend}.json`, `${mine.frontend}.json`]));
});

test('writes the ports where shells and tools can read them', async () => {
  await using directory = await temporaryDirectory();
  await writePortsFile({ path: directory.path, ports: { backend: 9100, frontend: 9200 } });
  expect(await readFile(join(directory.path, '.ports.env'), 'utf8')).toBe('BACKEND_PORT=9100\nFRONTEND_PORT=9200\nPORT=9100\n');
});
