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
    notices: ['run.waiting', 'run.parked'],
    api: { host: '127.0.0.1', port: 7788, hostnames: [], proxies: 0, callsPerMinute: { token: 600, address: 1200 } },
    log: { level: 'info' },
    secrets: {},
    warnings: [],
  });
});

test('every setting arrives where it belongs', () => {
  const config = load({
    BELAY_HOME: '~/elsewhere',
    BELAY_DATABASE_URL: '~/runs.db',
    BELAY_KEEP_LOGS_DAYS: '1',
    BELAY_KEEP_ARTIFACTS_DAYS: '2',
    BELAY_KEEP_AUDIT_DAYS: '3650',
    TEMPORAL_ADDRESS: 'temporal.example.com:7233',
    TEMPORAL_NAMESPACE: 'belay.a1b2c',
    TEMPORAL_API_KEY: 'temporal-key',
    GITHUB_TOKEN: 'ghp_first',
    GH_TOKEN: 'ghp_second',
    BELAY_GITHUB_API_URL: 'https://github.example.com/api/v3',
    BELAY_TEMPORAL_CLI: '/opt/temporal',
    BELAY_DEPLOYMENT: 'belay',
    BELAY_BUILD_ID: 'build-7',
    BELAY_ENGINE: 'scripted',
    BELAY_MODEL: 'sonnet',
    BELAY_SCRIPT: '/srv/shop.yml',
    BELAY_CLAUDE_PATH: '~/bin/claude',
    ANTHROPIC_API_KEY: 'anthropic-key',
    CLAUDE_CODE_OAUTH_TOKEN: 'oauth-token',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
    BELAY_MAX_WORKSPACES: '2',
    BELAY_CHECKPOINTS: 'remote',
    BELAY_MEMORY_PERCENT: '65',
    BELAY_WORKSPACE_MEMORY_MB: '512',
    BELAY_WORKSPACE_CPUS: '2',
    BELAY_GITHUB_CALLS_PER_MINUTE: '80',
    BELAY_AGENT_CALLS_PER_MINUTE: '20',
    BELAY_HEARTBEAT_SECONDS: '12',
    BELAY_PORTS_BACKEND: '9300-9301',
    BELAY_PORTS_FRONTEND: '9302-9310',
    BELAY_TEST_ATTEMPTS: '1',
    BELAY_REVIEW_ATTEMPTS: '2',
    BELAY_PHASES_OFF: 'review, document',
    BELAY_BUDGET_USD: '0.5',
    BELAY_LOG_LEVEL: 'debug',
    BELAY_FAILOVER: 'claude, scripted',
    BELAY_AGENT_IDLE_MINUTES: '0.05',
    BELAY_AGENT_TOTAL_MINUTES: '1',
    BELAY_TEST_TIMEOUT_MINUTES: '0.5',
    BELAY_APPROVAL_REMINDER_HOURS: '0.5',
    BELAY_APPROVAL_DAYS: '2',
    BELAY_KEEP_DAYS: '7',
    BELAY_DISK_BUDGET_GB: '0.5',
    BELAY_NOTIFY_URL: 'https://hooks.example.com/belay',
    BELAY_NOTIFY_EVENTS: 'run.started,run.completed',
    BELAY_NOTIFY_SECRET: 'notify-secret',
    BELAY_PARKED_DAYS: '0.5',
    BELAY_RETRIES: '5',
    BELAY_RETRY_BASE_MS: '20',
    BELAY_RETRY_CAP_MS: '500',
  });
  expect(config).toEqual({
    home: '/home/ada/elsewhere',
    database: { path: '/home/ada/runs.db' },
    temporal: {
      address: 'temporal.example.com:7233',
      namespace: 'belay.a1b2c',
      cli: '/opt/temporal',
      deployment: 'belay',
      buildId: 'build-7',
    },
    github: { apiUrl: 'https://github.example.com/api/v3', gitUrl: 'https://github.example.com/{owner}/{repo}.git' },
    engine: {
      name: 'scripted',
      model: 'sonnet',
      failover: ['claude', 'scripted'],
      script: '/srv/shop.yml',
      claudePath: '/home/ada/bin/claude',
      anthropicBaseUrl: 'http://127.0.0.1:9',
    },
    limits: {
      testAttempts: 1,
      reviewAttempts: 2,
      agentIdleMs: 3000,
      agentTotalMs: 60_000,
      testTimeoutMs: 30_000,
      parkedMs: 12 * 60 * 60_000,
      retries: 5,
      retryBaseMs: 20,
      retryCapMs: 500,
      workingMs: 6 * 3_600_000,
      approvalReminderMs: 1_800_000,
      approvalExpiryMs: 2 * 24 * 3_600_000,
      waits: WAITS,
      heartbeatMs: 12_000,
    },
    breakers: { failures: 5, openMs: 60_000, successes: 2 },
    phasesOff: ['review', 'document'],
    checkpoints: 'remote',
    budgetUsd: 0.5,
    upkeep: {
      keepMs: 7 * 24 * 3_600_000,
      diskBytes: 512 * 1024 ** 2,
      records: { logsMs: 24 * 3_600_000, artifactsMs: 48 * 3_600_000, auditMs: 3650 * 24 * 3_600_000 },
    },
    workspaces: { max: 2, ports: { backend: { first: 9300, last: 9301 }, frontend: { first: 9302, last: 9310 } } },
    bounds: { hostShare: 0.65, workspaceBytes: 512 * 1024 ** 2, processors: 2 },
    callsPerMinute: { github: 80, agents: 20 },
    notices: ['run.started', 'run.completed'],
    api: { host: '127.0.0.1', port: 7788, hostnames: [], proxies: 0, callsPerMinute: { token: 600, address: 1200 } },
    log: { level: 'debug' },
    secrets: {
      anthropicApiKey: 'anthropic-key',
      claudeOauthToken: 'oauth-token',
      githubToken: 'ghp_first',
      temporalApiKey: 'temporal-key',
      notifyUrl: 'https://hooks.example.com/belay',
      notifySecret: 'notify-secret',
    },
    warnings: [],
  });
});

test('empty values are the same as unset ones', () => {
  expect(load({ BELAY_TEST_ATTEMPTS: '', BELAY_MODEL: '  ', ANTHROPIC_API_KEY: '' })).toEqual(load({}));
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
  expect(secrets.githubToken).toBe('ghp_second');
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
  expect(load(env).warnings).toEqual([]);
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
  expect(load({ GITHUB_TOKEN_FILE: file, BELAY_NOTIFY_SECRET_FILE: file }).secrets).toMatchObject({
    githubToken: 'from-a-file',
    notifySecret: 'from-a-file',
  });
  expect(load({ BELAY_NOTIFY_SECRET_FILE: file }).warnings).toEqual([]);
  expect(load({ GITHUB_TOKEN_FILE: file, GITHUB_TOKEN: 'itself' }).secrets.githubToken).toBe('itself');
  expect(() => load({ GITHUB_TOKEN_FILE: `${file}-gone` })).toThrow(/GITHUB_TOKEN_FILE names cannot be read: ENOENT/);
  // What is no secret is no file.
  expect(load({ BELAY_ENGINE_FILE: file }).warnings).toMatchObject([expect.stringContaining('BELAY_ENGINE_FILE') as string]);
});
