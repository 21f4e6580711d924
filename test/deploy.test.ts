import { existsSync } from 'node:fs';
import { cp, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SECRET_NAMES } from '../src/config-secrets.ts';
import { loadConfig } from '../src/config.ts';
import { envFile } from '../src/config-documentation.ts';
import { createApiMetrics } from '../src/http/metrics.ts';
import { serveWorkerHealth } from '../src/http/worker-health.ts';
import { namedTarget } from '../src/temporal/connection.ts';
import { DYNAMIC_CONFIG } from '../src/temporal/dev-server-settings.ts';
import { requireSharedLedger } from '../src/worker-roles.ts';
import { OTHERS, ROOT, STOP_S, isCommand, isSetting, textOf } from './support/deployment.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

interface Service {
  image?: string;
  build?: object;
  command?: string[];
  environment?: Record<string, string>;
  env_file?: object[];
  ports?: string[];
  secrets?: string[];
  healthcheck?: object;
  stop_grace_period?: string;
  depends_on?: Record<string, { condition: string }>;
  volumes?: string[];
}

interface Compose {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
}

const compose = async (): Promise<Compose> => parse(await textOf('docker-compose.yml'), { merge: true }) as Compose;
/** What Compose takes for a value where nothing of .env says otherwise. */
const withDefaults = (value: string): string => value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
/** What goes on until it is stopped, and what ends before that begins. */
const ours = async () =>
  Object.entries((await compose()).services).filter(([name, { build }]) => build !== undefined && name !== 'migrate');

const { failed: isMissing } = await execa('docker', ['compose', 'version'], { reject: false });

describe('docker-compose.yml', () => {
  it(`is valid for docker compose${isMissing ? ' (no docker compose here)' : ''}, with an .env that setup wrote`, async ({ skip }) => {
    skip(isMissing, 'docker compose is not installed');
    await using folder = await temporaryDirectory();
    await cp(join(ROOT, 'docker-compose.yml'), join(folder.path, 'docker-compose.yml'));
    await writeFile(join(folder.path, '.env'), envFile({ BELAY_MODEL: 'a $b "c"', GITHUB_TOKEN: 'ghp_x' }));
    const { PATH, HOME, DOCKER_CONFIG } = process.env;
    const { stdout, stderr } = await execa('docker', ['compose', 'config', '--format', 'json'], {
      cwd: folder.path,
      // Compose may be a plugin in Docker's own folder.
      env: { PATH, HOME, DOCKER_CONFIG },
      extendEnv: false,
    });
    expect(stderr).toBe('');
    const { runner } = (JSON.parse(stdout) as Compose).services;
    // Compose prints what it would take for a variable in its own file twice.
    expect(runner?.environment).toMatchObject({ BELAY_MODEL: 'a $$b "c"', GITHUB_TOKEN: '' });
  });

  it('publishes ports on loopback only, pins what it does not build, and knows how each of them is', async () => {
    for (const [name, { image, build, ports = [], healthcheck }] of Object.entries((await compose()).services)) {
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/);
      expect(build ?? image, name).toEqual(build ?? expect.stringMatching(/:\d+\.\d+/));
      // The image of Belay has its own.
      expect(build ?? healthcheck, name).toBeDefined();
    }
    expect(await textOf('Dockerfile')).toMatch(/^HEALTHCHECK /m);
  });

  it('starts Belay in parts that the command line has, with settings that there are, after what they need', async () => {
    const services = await ours();
    expect(services.map(([name]) => name)).toEqual(['api', 'orchestrator', 'runner']);
    for (const [name, { command = [], environment = {}, depends_on: needed, stop_grace_period: grace = '' }] of services) {
      expect(await isCommand(command), name).toBe(true);
      expect(
        Object.keys(environment).filter((each) => !isSetting(each) && !OTHERS.includes(each)),
        name,
      ).toEqual([]);
      expect(needed, name).toEqual({
        postgres: { condition: 'service_healthy' },
        temporal: { condition: 'service_healthy' },
        migrate: { condition: 'service_completed_successfully' },
      });
      expect(Number.parseInt(grace, 10), name).toBeGreaterThanOrEqual(STOP_S);
    }
  });

  it('has the owner of the tables migrate before anything starts, and gives nobody else its address', async () => {
    const { services } = await compose();
    const { command = [], environment, env_file: files, secrets } = services['migrate'] ?? {};
    expect(await isCommand(command)).toBe(true);
    expect({ environment, files, secrets }).toEqual({
      environment: { BELAY_DATABASE_OWNER_URL_FILE: '/run/secrets/ledger_owner_url' },
      files: [],
      secrets: ['ledger_owner_url'],
    });
    const others = Object.entries(services).filter(([, service]) => service.secrets?.some((each) => each.startsWith('ledger_owner')));
    expect(others.map(([name]) => name)).toEqual(['postgres', 'migrate']);
    // The role that is granted the tables is the one that the others come as.
    expect(await textOf('docker/make-secrets.sh')).toContain(`postgres://${command.at(-1)}:$(cat secrets/ledger_database_password)@`);
  });

  it('has settings that Belay takes, with secrets as they are made where nothing is known of them', async () => {
    await using folder = await temporaryDirectory();
    await cp(join(ROOT, 'docker'), join(folder.path, 'docker'), { recursive: true });
    await execa('sh', ['docker/make-secrets.sh'], { cwd: folder.path, env: { PATH: process.env['PATH'] }, extendEnv: false });
    for (const [name, { environment = {} }] of await ours()) {
      const entries = Object.entries(environment).map(
        ([key, value]) => [key, withDefaults(value).replace('/run/', `${folder.path}/`)] as const,
      );
      const env = Object.fromEntries(entries);
      const config = loadConfig(env);
      requireSharedLedger(config);
      expect(
        config.warnings.filter((warning) => !warning.includes(' is empty: ')),
        name,
      ).toEqual([]);
      expect(
        // The previous secret may come later.
        Object.keys(config.secrets).filter((each) => !/^(?:BELAY_DATABASE_URL|GITHUB_WEBHOOK_SECRET(?:_PREVIOUS)?)$/.test(each)),
        name,
      ).toEqual([]);
      // An empty API key of Temporal would ask for TLS.
      expect(namedTarget(config, env)?.options, name).toEqual({ address: 'temporal:7233' });
    }
  });

  it('gives secrets as files alone: those that make-secrets.sh makes, each to who needs it', async () => {
    const { services, secrets } = await compose();
    for (const [name, { environment = {}, env_file: files = [], secrets: given = [] }] of Object.entries(services)) {
      // Or those in .env would be there.
      if (files.length > 0) for (const secret of SECRET_NAMES) expect(environment[secret], `${name}: ${secret}`).toBe('');
      for (const [variable, value] of Object.entries(environment)) {
        if (!variable.endsWith('_FILE')) continue;
        const [, secret = ''] = /^\/run\/secrets\/(\w+)$/.exec(value) ?? [];
        expect(given, `${name}: ${variable}`).toContain(secret);
      }
    }
    const made = [...(await textOf('docker/make-secrets.sh')).matchAll(/^keep (\w+) /gm)].map(([, name = '']) => name);
    expect(Object.keys(secrets).toSorted()).toEqual(made.toSorted());
    expect(Object.entries(secrets).map(([name, { file }]) => [name, file])).toEqual(made.map((name) => [name, `./secrets/${name}`]));
  });

  it('gives its Temporal the settings of the embedded one', async () => {
    const config = parse(await textOf('docker/temporal-dynamic-config.yml')) as Record<string, { value: unknown }[]>;
    expect(Object.fromEntries(Object.entries(config).map(([key, [entry]]) => [key, entry?.value]))).toEqual(DYNAMIC_CONFIG);
    expect((await compose()).services['temporal']?.volumes?.[0]).toMatch(/^\.\/docker\/temporal-dynamic-config\.yml:/);
  });
});

describe('docker/make-secrets.sh', () => {
  it('makes what is missing, out of what setup wrote and by chance, and leaves what is there', async () => {
    await using folder = await temporaryDirectory();
    await cp(join(ROOT, 'docker'), join(folder.path, 'docker'), { recursive: true });
    await writeFile(join(folder.path, '.env'), envFile({ ANTHROPIC_API_KEY: 'sk-$1 "x"', GITHUB_TOKEN: 'ghp_x' }));
    const { PATH } = process.env;
    const make = () =>
      execa('sh', ['docker/make-secrets.sh'], { cwd: folder.path, env: { PATH, GITHUB_TOKEN: 'ghp_y' }, extendEnv: false });
    const secret = (name: string) => readFile(join(folder.path, 'secrets', name), 'utf8');
    await make();
    expect(await secret('anthropic_api_key')).toBe('sk-$1 "x"');
    expect(await secret('github_token')).toBe('ghp_y');
    expect(await secret('notify_secret')).toBe('');
    const password = await secret('ledger_database_password');
    expect(password).toMatch(/^[\da-f]{48}$/);
    expect(await secret('ledger_database_url')).toBe(`postgres://belay:${password}@postgres/belay`);
    const owner = await secret('ledger_owner_password');
    expect(await secret('ledger_owner_url')).toBe(`postgres://belay_owner:${owner}@postgres/belay`);
    expect(new Set([await secret('postgres_password'), password, owner]).size).toBe(3);
    await make();
    expect(await secret('ledger_database_password')).toBe(password);
    expect((await stat(join(folder.path, 'secrets'))).mode & 0o777).toBe(0o700);
  });
});

describe('Dockerfile', () => {
  it('copies what is there and what .dockerignore lets through, and all that the package needs', async () => {
    const [file, ignore, manifest] = await Promise.all(['Dockerfile', '.dockerignore', 'package.json'].map(textOf));
    const copies = [...String(file).matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '));
    expect(copies.length).toBeGreaterThan(5);
    expect(copies.filter((source) => !existsSync(join(ROOT, source)))).toEqual([]);
    expect(copies.filter((source) => !String(ignore).includes(`!${source}\n`))).toEqual([]);
    const { files } = JSON.parse(String(manifest)) as { files: string[] };
    const last = String(file).split('\nFROM ').at(-1);
    // What is for those who set it up is not for what runs.
    const forPeople = ['deploy/', 'docker/', 'integrations/'];
    for (const folder of files.filter((each) => each.endsWith('/') && !forPeople.includes(each)))
      expect(last).toContain(` ./${folder.slice(0, -1)}\n`);
  });

  it('runs Belay as a user without rights, under an init', async () => {
    const file = await textOf('Dockerfile');
    expect(file).toMatch(/^USER 1000:1000$/m);
    expect(file).toContain('ENTRYPOINT ["tini", "--"]');
    expect(file.indexOf('USER 1000')).toBeLessThan(file.indexOf('CMD ["belay'));
  });
});

describe('docker/healthy.mjs', () => {
  it('ends well where the worker of the container is ready, and tells why where it is not', async () => {
    let reason: string | undefined;
    await using health = await serveWorkerHealth({ address: '127.0.0.1:0', obstacle: async () => reason });
    const { port } = new URL(health.url);
    const env = { BELAY_WORKER_HEALTH: `0.0.0.0:${port}`, BELAY_API_PORT: '1' };
    const ask = () => execa(process.execPath, [join(ROOT, 'docker/healthy.mjs')], { env, extendEnv: false, reject: false });
    expect(await ask()).toMatchObject({ exitCode: 0, stdout: `127.0.0.1:${port} is ready` });
    reason = 'Temporal does not answer';
    expect(await ask()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(reason) as string });
  });
});

describe('deploy/systemd', () => {
  it('starts what the command line has, gives it time to stop, and leaves its agents to it', async () => {
    for (const name of await readdir(join(ROOT, 'deploy/systemd'))) {
      const unit = await textOf(`deploy/systemd/${name}`);
      const [, command = ''] = /^ExecStart=\/opt\/belay\/node_modules\/.bin\/(.+)$/m.exec(unit) ?? [];
      expect(await isCommand(command.split(' ')), name).toBe(true);
      expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]), name).toBeGreaterThanOrEqual(STOP_S);
      expect(unit, name).toMatch(/^KillMode=mixed$/m);
      // bubblewrap makes namespaces, and mounts a /proc of its own: the kernel refuses that where a part of it is covered.
      if (!name.includes('api'))
        expect(unit, name).not.toMatch(/^(?:ProtectKernelTunables|ProtectKernelLogs|ProtectHostname|RestrictNamespaces)=/m);
    }
  });
});

describe('deploy/prometheus', () => {
  it('looks at metrics that there are', async () => {
    const { groups } = parse(await textOf('deploy/prometheus/belay.rules.yml')) as { groups: { rules: { expr: string }[] }[] };
    const statistics = {
      runs: [{ pipeline: 'sdlc' as const, status: 'running' as const, count: 1, costUsd: 0 }],
      phases: [{ name: 'plan' as const, status: 'completed' as const, count: 1, durationMs: 1 }],
    };
    const metrics = createApiMetrics({ ledger: { runStatistics: async () => statistics } });
    metrics.observe({ method: 'GET', path: '/health', status: 200, durationMs: 1 });
    const text = await metrics.text();
    const named = groups.flatMap(({ rules }) => rules.flatMap(({ expr }) => expr.match(/belay_\w+/g) ?? []));
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !new RegExp(`^${name}[{ ]`, 'm').test(text))).toEqual([]);
  });
});
