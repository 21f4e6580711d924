import { describe, expect, it } from 'vitest';
import { workspaceEnvironment } from '../../src/process/environment.ts';

describe('the environment of a workspace', () => {
  it('holds no secrets', () => {
    const secrets = [
      'NPM_TOKEN',
      'GITHUB_TOKEN',
      'GH_TOKEN',
      'ANTHROPIC_API_KEY',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
      'DB_PASSWORD',
    ];
    const others = [
      'APP_PRIVATE_KEY',
      'GOOGLE_APPLICATION_CREDENTIALS',
      'client_secret',
      'OPENAI_APIKEY',
      'TOKEN',
      'SSH_AUTH_SOCK',
      'GITHUB_ACTOR',
    ];
    expect(workspaceEnvironment(Object.fromEntries([...secrets, ...others].map((name) => [name, 'x'])))).toEqual({});
  });

  it('holds nothing of Belay, Temporal, git, npm or the test runner', () => {
    const names = [
      'BELAY_HOME',
      'TEMPORAL_ADDRESS',
      'GIT_DIR',
      'npm_config_registry',
      'VITEST_WORKER_ID',
      'NODE_OPTIONS',
      'NODE_ENV',
      'NODE_CHANNEL_FD',
      'CLAUDECODE',
    ];
    expect(workspaceEnvironment(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual({});
  });

  it('keeps everything else, names that only look like secrets included', () => {
    const base = {
      HOME: '/home/ann',
      LANG: 'C.UTF-8',
      TOKENIZERS_PARALLELISM: 'false',
      SECRETARY: 'bob',
      NODE_EXTRA_CA_CERTS: '/ca.pem',
      HTTPS_PROXY: 'http://p',
    };
    expect(workspaceEnvironment({ ...base, UNSET: undefined })).toEqual(base);
  });

  it('lets what is added win, secrets too', () => {
    expect(workspaceEnvironment({ PORT: '1', API_KEY: 'old' }, { PORT: '2', API_KEY: 'new' })).toEqual({ PORT: '2', API_KEY: 'new' });
  });

  it('leaves folders out of PATH with all below them, but not their neighbours', () => {
    const PATH = '/belay/node_modules/.bin:/usr/bin::/belay/node_modules-of-mine/bin:/bin';
    expect(workspaceEnvironment({ PATH }, {}, { dropPath: ['/belay/node_modules/'] })).toEqual({
      PATH: '/usr/bin:/belay/node_modules-of-mine/bin:/bin',
    });
  });
});
