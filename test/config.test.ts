import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { envExample } from '../src/config-documentation.ts';
import { loadConfig } from '../src/config.ts';
import { WAITS } from '../src/contracts/constants.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const load = (env: NodeJS.ProcessEnv) => loadConfig({ HOME: '/home/ada', ...env });

function failure(env: NodeJS.ProcessEnv): string {
  try {
    load(env);
  } catch (error) {
    expect(error).toMatchObject({ code: 'configuration_invalid', hint: expect.stringContaining('.env.example') });
    return (error as Error).message;
  }
  throw new Error('the configuration was accepted');
}

test('an empty environment is a good one', () => {
  expect(load({})).toEqual({
    home: '/home/ada/.belay',
    database: { path: '/home/ada/.belay/ledger.db' },
    temporal: {},
    worker: { roles: ['orchestrator', 'runner'] },
    github: { apiUrl: 'https://api.github.com', gitUrl: 'https://github.com/{owner}/{repo}.git' },
    engine: { name: 'claude' },
    limits: {
      testAttempts: 4,
      reviewAttempts: 3,
      agentIdleMs: 15 * 60_000,
      agentTotalMs: 60 * 60_000,
      testTimeoutMs: 30 * 60_000,
      parkedMs: 14 * 24 * 60 * 60_000,
      retries: 3,
      retryBaseMs: 1000,
      retryCapMs: 60_000,
      workingMs: 6 * 3_600_000,
      approvalReminderMs: 24 * 3_600_000,
      approvalExpiryMs: 7 * 24 * 3_600_000,
      waits: WAITS,
      heartbeatMs: 30_000,
    },
    breakers: { failures: 5, openMs: 60_000, successes: 2 },
    phasesOff: [],
    budgetUsd: 10,
    upkeep: { keepMs: 90 * 24 * 3_600_000, diskBytes: 50 * 1024 ** 3, records: {} },
    workspaces: { max: 15, ports: { backend: { first: 9100, last: 9114 }, frontend: { first: 9200, last: 9214 } } },
    bounds: { hostShare: 0.8, workspaceBytes: 2048 * 1024 ** 2 },
    callsPerMinute: { github: 60 },
    triggers: { repositories: [], label: 'belay', bots: [], pollMs: 60_000, secrets: [] },
    api: {
      host: '127.0.0.1',
      port: 7788,
      hostnames: [],
      proxies: 0,
      callsPerMinute: { token: 600, address: 1200 },
      followers: { perToken: 1000, total: 2000 },
    },
    notices: ['run.waiting', 'run.parked'],
    log: { level: 'info' },
    secrets: {},
    secretAgeMs: 90 * 24 * 3_600_000,
    warnings: [],
  });
});

test('empty values are the same as unset ones', () => {
  expect(load({ BELAY_TEST_ATTEMPTS: '', BELAY_MODEL: '  ', ANTHROPIC_API_KEY: '' })).toEqual(load({}));
});

test('JWTs need all three of their settings', () => {
  expect(failure({ BELAY_JWT_ISSUER: 'https://login.example.com/' })).toContain(
    "BELAY_JWT_ISSUER is 'https://login.example.com/': goes with BELAY_JWT_AUDIENCE and BELAY_JWT_JWKS_URL",
  );
  expect(failure({ BELAY_JWT_AUDIENCE: 'belay' })).toContain('BELAY_JWT_ISSUER is not set: goes with');
});

test('every problem is reported at once, each with what is allowed', () => {
  const message = failure({
    BELAY_TEST_ATTEMPTS: 'many',
    BELAY_ENGINE: 'clod',
    BELAY_PHASES_OFF: 'plan',
    BELAY_PORTS_BACKEND: '9200-9100',
  });
  expect(message.split('\n').toSorted()).toEqual([
    "  BELAY_ENGINE is 'clod': must be claude or scripted",
    "  BELAY_PHASES_OFF is 'plan': must be a list, with commas between, of test, review, document",
    "  BELAY_PORTS_BACKEND is '9200-9100': must be a range of ports between 1024 and 65535, such as 9100-9114",
    "  BELAY_TEST_ATTEMPTS is 'many': must be a whole number from 1 to 20",
    'The environment has 4 problems:',
  ]);
});

test.each([
  ['BELAY_TEST_ATTEMPTS', '0'],
  ['BELAY_TEST_ATTEMPTS', '21'],
  ['BELAY_TEST_ATTEMPTS', '2.5'],
  ['BELAY_TEST_ATTEMPTS', '0x2'],
  ['BELAY_AGENT_IDLE_MINUTES', '0'],
  ['BELAY_AGENT_IDLE_MINUTES', '-1'],
  ['BELAY_AGENT_TOTAL_MINUTES', '1441'],
  ['BELAY_BUDGET_USD', '$5'],
  ['BELAY_BUDGET_USD', '0'],
  ['BELAY_PORTS_FRONTEND', '80-90'],
  ['BELAY_PORTS_FRONTEND', '65530-65540'],
  ['BELAY_TEMPORAL_ADDRESS', 'localhost'],
  ['BELAY_TEMPORAL_ADDRESS', 'http://localhost:7233'],
  ['ANTHROPIC_BASE_URL', 'file:///etc/passwd'],
  ['BELAY_LOG_LEVEL', 'loud'],
  ['BELAY_GITHUB_API_URL', 'github.example.com'],
  ['BELAY_GITHUB_GIT_URL', 'https://github.example.com/acme/shop.git'],
  ['BELAY_GITHUB_GIT_URL', 'git@github.com:{owner}/{repo}.git'],
])('%s does not take %j', (name, value) => {
  expect(failure({ [name]: value })).toMatch(new RegExp(`^The environment has a problem:\n  ${name} is '[^\n]+$`));
});

test('too few ports are found although something else is wrong too', () => {
  const message = failure({ BELAY_MAX_WORKSPACES: '16', BELAY_PORTS_FRONTEND: '9200-9299', BELAY_ENGINE: 'clod' });
  expect(message).toContain("BELAY_PORTS_BACKEND is '9100-9114': must have at least as many ports as BELAY_MAX_WORKSPACES");
  expect(message).toContain('BELAY_ENGINE');
  expect(message).not.toContain('BELAY_PORTS_FRONTEND');
});

test('ranges of ports may touch but not overlap', () => {
  expect(failure({ BELAY_PORTS_FRONTEND: '9114-9140' })).toContain('must not overlap BELAY_PORTS_BACKEND');
  expect(load({ BELAY_PORTS_FRONTEND: '9115-9140' }).workspaces.ports.frontend.first).toBe(9115);
});

test('a token of GitHub is taken by the name that gh knows, and git may be elsewhere', () => {
  const { secrets, github } = load({ GH_TOKEN: 'ghp_second', BELAY_GITHUB_GIT_URL: 'https://git.example.com/{owner}/{repo}' });
  expect(secrets.GH_TOKEN?.current()).toBe('ghp_second');
  expect(github.gitUrl).toBe('https://git.example.com/{owner}/{repo}');
});

test('a secret that is wrong is not shown', () => {
  const message = failure({ ANTHROPIC_API_KEY: 'sk-ant two-keys' });
  expect(message).toContain('ANTHROPIC_API_KEY is not usable: must be one word');
  expect(message).not.toContain('sk-ant');
});

test('BELAY_TEMPORAL_ADDRESS wins over TEMPORAL_ADDRESS, and that is said', () => {
  const { temporal, warnings } = load({ BELAY_TEMPORAL_ADDRESS: '[::1]:7233', TEMPORAL_ADDRESS: 'other:7233' });
  expect(temporal.address).toBe('[::1]:7233');
  expect(warnings).toEqual([
    'BELAY_TEMPORAL_ADDRESS ([::1]:7233) and TEMPORAL_ADDRESS (other:7233) differ: BELAY_TEMPORAL_ADDRESS is used.',
  ]);
  expect(load({ BELAY_TEMPORAL_ADDRESS: 'same:7233', TEMPORAL_ADDRESS: 'same:7233' }).warnings).toEqual([]);
});

test('an unknown BELAY variable is warned about, with the name that was meant', () => {
  expect(load({ BELAY_TEST_ATEMPTS: '3', BELAY_COLOUR_OF_THE_SKY: 'blue', OTHER_TOOL: 'x' }).warnings).toEqual([
    'BELAY_COLOUR_OF_THE_SKY is not a setting of Belay and has no effect.',
    'BELAY_TEST_ATEMPTS is not a setting of Belay and has no effect: did you mean BELAY_TEST_ATTEMPTS?',
  ]);
});

test('the example file switched on as it stands is a good environment', () => {
  const lines = envExample().matchAll(/^# ([A-Z_]+)=(.*)$/gm);
  const env = Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
  expect(Object.keys(env)).toContain('BELAY_HOME');
  const key = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----';
  expect(load({ ...env, GITHUB_APP_PRIVATE_KEY: key }).warnings).toEqual([]);
});

test('.env.example and the settings page say what the schema says', async () => {
  const script = fileURLToPath(new URL('../scripts/env-example.ts', import.meta.url));
  await promisify(execFile)(process.execPath, [script, '--check']);
  expect(await readFile(new URL('../docs/settings.md', import.meta.url), 'utf8')).toContain('`BELAY_TEST_ATTEMPTS` | `4`');
});

test('a secret may be in a file, which gives way to the variable itself', async () => {
  await using folder = await temporaryDirectory();
  const file = `${folder.path}/token`;
  await writeFile(file, 'from-a-file\n');
  const { secrets } = load({ GITHUB_TOKEN_FILE: file, BELAY_NOTIFY_SECRET_FILE: file });
  expect([secrets.GITHUB_TOKEN?.current(), secrets.BELAY_NOTIFY_SECRET?.current()]).toEqual(['from-a-file', 'from-a-file']);
  expect(load({ BELAY_NOTIFY_SECRET_FILE: file }).warnings).toEqual([]);
  const both = load({ GITHUB_TOKEN_FILE: file, GITHUB_TOKEN: 'itself' });
  expect(both.secrets.GITHUB_TOKEN?.current()).toBe('itself');
  expect(both.warnings).toEqual(['GITHUB_TOKEN and GITHUB_TOKEN_FILE are both set: the file is not read.']);
  expect(() => load({ GITHUB_TOKEN_FILE: `${file}-gone` })).toThrow(/GITHUB_TOKEN_FILE names cannot be read: ENOENT/);
  // What is no secret is no file.
  expect(load({ BELAY_ENGINE_FILE: file }).warnings).toMatchObject([expect.stringContaining('BELAY_ENGINE_FILE') as string]);
});
