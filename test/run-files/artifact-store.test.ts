import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it, test } from 'vitest';
import { artifactStoreOf } from '../../src/compose-artifacts.ts';
import { loadConfig } from '../../src/config.ts';
import type { ArtifactRecord } from '../../src/contracts/records.ts';
import { createRunFiles } from '../../src/run-files/run-files.ts';
import type { ArtifactStore } from '../../src/run-files/store/artifact-store.ts';
import { sendFile } from '../../src/run-files/store/send-file.ts';
import { startS3Server } from '../support/s3-server.ts';
import type { S3Server } from '../support/s3-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const resources = new AsyncDisposableStack();
const folder = resources.use(await temporaryDirectory());
const server: S3Server = resources.use(await startS3Server());
afterAll(() => resources.disposeAsync());

const storeOf = (env: Record<string, string>): ArtifactStore => {
  const store = artifactStoreOf(loadConfig({ BELAY_HOME: join(folder.path, 'home'), ...env }));
  if (!store) throw new Error('The settings name no store.');
  return store;
};
const shared = join(folder.path, 'shared folder');
const inFolder = { BELAY_ARTIFACTS_URL: pathToFileURL(shared).href };

/** An artifact with this content, as the ledger would have it. */
function artifactOf(content: Buffer | string, about: Partial<ArtifactRecord> = {}): ArtifactRecord {
  const sha256 = createHash('sha256').update(content).digest('hex');
  const known = { id: 'ab'.repeat(10), runId: '0123abcd', kind: 'other', name: '001-x.md', mediaType: 'text/markdown', path: '' } as const;
  return { ...known, bytes: Buffer.byteLength(content), sha256, createdAt: '2026-11-20T10:00:00.000Z', ...about };
}

describe.each([
  ['a folder that hosts share', () => storeOf(inFolder)],
  ['a store that speaks S3', () => storeOf(server.env)],
])('%s', (_name, open) => {
  it('gives back what was put there, whole and in part', async () => {
    const store = open();
    const artifact = artifactOf('# Plan\n');
    await store.put(artifact, Readable.from([Buffer.from('# Pl'), Buffer.from('an\n')]));
    const read = async (range?: { first: number; last: number }) => text((await store.get(artifact, range)) ?? Readable.from([]));
    expect([await read(), await read({ first: 2, last: 3 })]).toEqual(['# Plan\n', 'Pl']);
  });

  it('has other content of an artifact beside what was there', async () => {
    const store = open();
    const [first, second] = [artifactOf('one'), artifactOf('two')];
    await store.put(first, Readable.from(['one']));
    expect(await store.get(second)).toBeUndefined();
    await store.put(second, Readable.from(['two']));
    expect(await text((await store.get(first)) as Readable)).toBe('one');
  });

  it('takes large files, and empty ones', async () => {
    const store = open();
    const large = randomBytes(12 * 1024 * 1024);
    await store.put(artifactOf(large), Readable.from([large.subarray(0, 7_000_000), large.subarray(7_000_000)]));
    expect((await buffer((await store.get(artifactOf(large))) as Readable)).equals(large)).toBe(true);
    await store.put(artifactOf(''), Readable.from([]));
    expect(await text((await store.get(artifactOf(''))) as Readable)).toBe('');
  });

  it('forgets a run with all its files, and no other', async () => {
    const store = open();
    const [one, other] = [artifactOf('x', { runId: '0000aaaa' }), artifactOf('x', { runId: '0000aaaab' })];
    for (const each of [one, other]) await store.put(each, Readable.from(['x']));
    await store.removeRun('0000aaaa');
    await store.removeRun('0000none');
    expect([await store.get(one), await text((await store.get(other)) as Readable)]).toEqual([undefined, 'x']);
  });

  it('is led nowhere else by what a record says', async () => {
    const store = open();
    for (const wrong of [{ runId: '../x' }, { runId: '' }, { id: '../../etc' }, { name: '../x' }, { name: 'a/b' }, { name: '.x' }]) {
      const refused = { code: 'invalid_input' };
      await expect(store.put(artifactOf('x', wrong), Readable.from(['x']))).rejects.toMatchObject(refused);
      await expect(store.get(artifactOf('x', wrong))).rejects.toMatchObject(refused);
    }
    for (const runId of ['..', '.', '', 'a/b']) await expect(store.removeRun(runId)).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('can be tried without leaving anything', async () => {
    const store = open();
    await store.removeRun('0123abcd');
    const before = [await server.keys(), await readdir(join(shared, 'artifacts')).catch(() => [])];
    await store.check();
    expect([await server.keys(), await readdir(join(shared, 'artifacts')).catch(() => [])]).toEqual(before);
  });
});

test.each([
  ['with a wrong key', () => ({ ...server.env, AWS_SECRET_ACCESS_KEY: 'wrong' }), 'SignatureDoesNotMatch'],
  ['in a bucket that is not there', () => ({ ...server.env, BELAY_ARTIFACTS_URL: 's3://another' }), 'NoSuchBucket'],
  ['at an address where nothing is', () => ({ ...server.env, AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9' }), 'ECONNREFUSED'],
  ['in a folder that cannot be made', () => ({ BELAY_ARTIFACTS_URL: 'file:///dev/null/x' }), 'ENOTDIR'],
])('a store %s says why it cannot be used', async (_case, env, reason) => {
  const store = storeOf(env());
  const refused = { code: 'artifact_store_unusable', message: expect.stringContaining(reason) };
  await expect(store.check()).rejects.toMatchObject(refused);
  await expect(store.put(artifactOf('x'), Readable.from(['x']))).rejects.toMatchObject(refused);
});

test('a key in files is the one that is signed with, with the id that it has by then', async () => {
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: key = '', ...env } = server.env;
  const [idFile, file] = [join(folder.path, 'key-id'), join(folder.path, 'key')];
  await writeFile(idFile, 'former\n');
  await writeFile(file, `${key}\n`);
  await chmod(file, 0o600);
  const store = storeOf({ ...env, AWS_ACCESS_KEY_ID_FILE: idFile, AWS_SECRET_ACCESS_KEY_FILE: file });
  await writeFile(idFile, `${id}\n`);
  await store.check();
});

describe('a file that is sent', () => {
  it('arrives as it was recorded, whatever was appended since', async () => {
    const store = storeOf(inFolder);
    const path = join(folder.path, 'transcript.jsonl');
    await writeFile(path, '{}\n{"more": 1}\n');
    const artifact = artifactOf('{}\n');
    expect(await sendFile({ store, path, artifact })).toBe('sent');
    expect(await text((await store.get(artifact)) as Readable)).toBe('{}\n');
  });

  it('is left out where it has changed, or gone', async () => {
    const store = storeOf(inFolder);
    const path = join(folder.path, 'changed');
    await writeFile(path, 'something else');
    expect(await sendFile({ store, path, artifact: artifactOf('as it was') })).toBe('changed');
    expect(await sendFile({ store, path: `${path}-not`, artifact: artifactOf('as it was') })).toBe('gone');
    expect(await store.get(artifactOf('as it was'))).toBeUndefined();
  });
});

test('what another host wrote is read from the store, and refused where it is not what was recorded', async () => {
  await mkdir(join(folder.path, 'one'), { recursive: true });
  const store = storeOf(inFolder);
  const [here, there] = ['one', 'other'].map((name) => createRunFiles({ home: join(folder.path, name), store }));
  const artifact = await here?.writeArtifact({ runId: '0000bbbb', kind: 'plan', name: 'plan.md', text: '# Plan' });
  if (!artifact || !here || !there) throw new Error('Nothing was written.');
  await expect(there.readArtifact(artifact)).rejects.toMatchObject({ code: 'earlier_work_missing' });
  await sendFile({ store, path: here.absolute(artifact.path), artifact });
  expect(await there.readArtifact(artifact)).toBe('# Plan');
  const open = await there.openArtifact(artifact);
  expect([open.bytes, await text(await open.read({ first: 2, last: 5 }))]).toEqual([6, 'Plan']);
  expect(there.has(artifact)).toBe(false);
});
