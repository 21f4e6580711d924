import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { ledgerPlaceOf } from '../src/ledger-place.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const env = { HOME: '/home/ada', BELAY_HOME: '/srv/belay' };
const url = 'postgres://ada:secret@db.example.com/belay';

test('the ledger is a file in BELAY_HOME, another file, or a Postgres', () => {
  expect(ledgerPlaceOf(env)).toEqual({ path: '/srv/belay/ledger.db' });
  expect(ledgerPlaceOf({ ...env, BELAY_DATABASE_URL: ' ' })).toEqual({ path: '/srv/belay/ledger.db' });
  expect(ledgerPlaceOf({ ...env, BELAY_DATABASE_URL: '~/runs.db' })).toEqual({ path: '/home/ada/runs.db' });
  expect(ledgerPlaceOf({ ...env, BELAY_DATABASE_URL: url })).toEqual({ url });
  const config = loadConfig({ ...env, BELAY_DATABASE_URL: url });
  expect([config.database, config.secrets.BELAY_DATABASE_URL?.current()]).toEqual([{ url }, url]);
});

test('the address may come from a file', async () => {
  await using folder = await temporaryDirectory();
  const file = join(folder.path, 'address');
  await writeFile(file, `${url}\n`);
  expect(ledgerPlaceOf({ ...env, BELAY_DATABASE_URL_FILE: file })).toMatchObject({ url });
  expect(loadConfig({ ...env, BELAY_DATABASE_URL_FILE: file })).toMatchObject({ database: { url }, warnings: [] });
  expect(() => ledgerPlaceOf({ ...env, BELAY_DATABASE_URL_FILE: `${file}x` })).toThrow(/BELAY_DATABASE_URL_FILE.*ENOENT/);
});

test('a file that is half written leaves the address that there was', async () => {
  await using folder = await temporaryDirectory();
  const file = join(folder.path, 'address');
  await writeFile(file, url);
  const places = [ledgerPlaceOf, (from: NodeJS.ProcessEnv) => loadConfig(from).database].map((of) =>
    of({ ...env, BELAY_DATABASE_URL_FILE: file }),
  );
  const now = () => places.map((place) => 'url' in place && place.urlNow?.());
  await writeFile(file, 'pos');
  expect(now()).toEqual([url, url]);
  await writeFile(file, `${url}2`);
  expect(now()).toEqual([`${url}2`, `${url}2`]);
});

test('an address of another database is refused without being shown', async () => {
  await using folder = await temporaryDirectory();
  const file = join(folder.path, 'address');
  await writeFile(file, 'mysql://ada:secret@db/belay');
  const refused = expect.objectContaining({ code: 'configuration_invalid', message: expect.not.stringContaining('secret') });
  expect(() => loadConfig({ ...env, BELAY_DATABASE_URL: 'mysql://ada:secret@db/belay' })).toThrow(refused);
  expect(() => ledgerPlaceOf({ ...env, BELAY_DATABASE_URL_FILE: file })).toThrow(refused);
});
