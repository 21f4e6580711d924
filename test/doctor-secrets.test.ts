import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doctor } from '../src/cli/doctor.ts';
import { loadConfig } from '../src/config.ts';
import type { TokenRecord } from '../src/contracts/service-records.ts';
import { checkSecrets } from '../src/doctor-secrets.ts';
import type { Finding } from '../src/doctor.ts';
import { openLedger } from '../src/ledger/open-ledger.ts';
import { ownFolder } from '../src/process/own-folder.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const DAY_MS = 24 * 60 * 60_000;
const KEY = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----';
const ago = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => (folder = await temporaryDirectory()));
afterAll(() => folder[Symbol.asyncDispose]());

async function fileOf(name: string, { text = 'value', days }: { text?: string; days: number }): Promise<string> {
  const file = join(folder.path, name);
  await writeFile(file, text);
  await utimes(file, new Date(), new Date(ago(days)));
  return file;
}

const look = (env: NodeJS.ProcessEnv, tokens: TokenRecord[] = []): Promise<Finding[]> => {
  const { secrets, secretAgeMs: maxAgeMs } = loadConfig({ HOME: folder.path, ...env });
  return checkSecrets({ secrets, tokens, maxAgeMs });
};
const inWords = (findings: Finding[]): string[] => findings.map(({ check, status, detail }) => `${check} ${status}: ${detail}`);

const token = (changes: Partial<TokenRecord>): TokenRecord => ({
  id: '0123abcd',
  name: 'ci',
  hash: 'h',
  role: 'viewer',
  repositories: null,
  createdAt: ago(1),
  ...changes,
});

describe('a secret', () => {
  it('in a file is old after the time that is set, and how it is changed is said', async () => {
    const env = {
      GITHUB_TOKEN_FILE: await fileOf('token', { days: 91 }),
      GITHUB_APP_PRIVATE_KEY_FILE: await fileOf('key', { text: KEY, days: 400 }),
      BELAY_NOTIFY_SECRET_FILE: await fileOf('notify', { days: 89 }),
      ANTHROPIC_API_KEY: 'in-the-environment',
    };
    expect(inWords(await look(env))).toEqual([
      'secrets warning: GITHUB_TOKEN has been the same for 91 days',
      'secrets warning: GITHUB_APP_PRIVATE_KEY has been the same for 400 days',
    ]);
    expect((await look(env))[0]?.hint).toContain('GITHUB_TOKEN_FILE: no restart is needed');
    expect(inWords(await look({ ...env, BELAY_SECRET_DAYS: '500' }))).toEqual([
      'secrets ok: 4 set, 3 of them in files; none of these is older than 500 days',
    ]);
    expect(inWords(await look({}))).toEqual(['secrets ok: none are set']);
  });

  it('of webhooks does not keep the one before it for long', async () => {
    const previous = { GITHUB_WEBHOOK_SECRET_PREVIOUS: 'old' };
    expect(inWords(await look({ ...previous, GITHUB_WEBHOOK_SECRET_FILE: await fileOf('hook', { days: 8 }) }))).toEqual([
      'secrets warning: GITHUB_WEBHOOK_SECRET_PREVIOUS still counts, although the new one is 8 days old',
    ]);
    expect(inWords(await look({ ...previous, GITHUB_WEBHOOK_SECRET_FILE: await fileOf('hook', { days: 2 }) }))).toEqual([
      expect.stringContaining('secrets ok') as string,
    ]);
    expect(inWords(await look({ ...previous, GITHUB_WEBHOOK_SECRET: 'new' }))).toEqual([
      'secrets warning: GITHUB_WEBHOOK_SECRET_PREVIOUS still counts, for how long cannot be known',
    ]);
  });
});

it('a password that is a word is said to be left in what agents say', async () => {
  expect(inWords(await look({ BELAY_DATABASE_URL: 'postgres://postgres:postgres@localhost/belay' }))).toEqual([
    expect.stringContaining('secrets warning: The password in BELAY_DATABASE_URL is weak') as string,
  ]);
});

describe('a token of the API', () => {
  it.each<[string, Partial<TokenRecord>, string[]]>([
    ['is fine while it is used and young', { lastUsedAt: ago(0) }, []],
    ['that is revoked is nobody’s', { createdAt: ago(500), revokedAt: ago(3) }, []],
    ['that has ended is said', { expiresAt: ago(2) }, [`tokens warning: ci has ended on ${ago(2).slice(0, 10)}`]],
    ['that is about to end is said', { expiresAt: ago(-3) }, [`tokens warning: ci ends on ${ago(-3).slice(0, 10)}`]],
    ['that nobody uses is said', { createdAt: ago(300), lastUsedAt: ago(100) }, ['tokens warning: ci has not been used for 100 days']],
    ['that was never used is said', { createdAt: ago(100) }, ['tokens warning: ci has not been used for 100 days']],
    ['that is old is said', { createdAt: ago(100), lastUsedAt: ago(1) }, ['tokens warning: ci has been the same for 100 days']],
  ])('%s', async (_, changes, expected) => {
    expect(inWords((await look({}, [token(changes)])).filter(({ check }) => check === 'tokens'))).toEqual(expected);
  });
});

it('belay doctor tells of both, and makes no ledger', async () => {
  const home = join(folder.path, 'home');
  const env = { PATH: process.env['PATH'], HOME: folder.path, BELAY_HOME: home, GITHUB_WEBHOOK_SECRET_PREVIOUS: 'old' };
  const config = loadConfig(env);
  await ownFolder(home);
  const said = async (): Promise<Finding[]> => {
    let text = '';
    const terminal = { live: false, piped: true, out: (line: string) => void (text += line), note: () => {}, exact: () => {} };
    await doctor({ config, env, terminal }, { json: true });
    return (JSON.parse(text) as Finding[]).filter(({ check }) => ['secrets', 'tokens', 'ledger'].includes(check));
  };
  expect(inWords(await said())).toEqual([expect.stringContaining('PREVIOUS still counts') as string]);
  expect(() => loadConfig(env)).not.toThrow();
  await using ledger = await openLedger(config.database);
  await ledger.createToken(token({ expiresAt: ago(1) }));
  expect(inWords(await said())).toHaveLength(2);
});
