import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { declareCommands } from '../src/cli/program.ts';
import { secretOfFile } from '../src/config-secrets.ts';
import { VARIABLE_NAMES } from '../src/config-variables.ts';
import { loadConfig } from '../src/config.ts';
import { envFile } from '../src/config-documentation.ts';
import { createApiMetrics } from '../src/http/metrics.ts';
import { serveWorkerHealth } from '../src/http/worker-health.ts';
import { namedTarget } from '../src/temporal/connection.ts';
import { DYNAMIC_CONFIG } from '../src/temporal/dev-server-settings.ts';
import { requireSharedLedger } from '../src/worker-roles.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const ROOT = join(import.meta.dirname, '..');
/** What Belay may take to stop, with some time more. */
const STOP_S = 25;

const textOf = (file: string): Promise<string> => readFile(join(ROOT, file), 'utf8');

interface Service {
  image?: string;
  build?: object;
  command?: string[];
  environment?: Record<string, string>;
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
const ours = async () => Object.entries((await compose()).services).filter(([, { build }]) => build !== undefined);

/** A setting that Belay knows, or the file of a secret. */
const isSetting = (name: string): boolean => VARIABLE_NAMES.some((known) => known === name) || secretOfFile(name) !== undefined;
/** Not Belay's to know: who starts its processes does. */
const OTHERS = ['HOME', 'NODE_ENV', 'CLAUDE_CONFIG_DIR'];

/** Whether the command line takes this, as `belay worker --roles runner`. */
async function isCommand([program, ...words]: readonly string[]): Promise<boolean> {
  const nothing = (): void => {};
  const terminal = { live: false, piped: true, out: nothing, note: nothing, exact: nothing };
  const commands = declareCommands({ env: {}, terminal, done: nothing });
  let called = 0;
  const listen = (command: Command): void => {
    command.commands.forEach(listen);
    if (command.commands.length === 0) command.action(() => void called++);
  };
  listen(commands);
  await commands.parseAsync(words, { from: 'user' }).catch(nothing);
  return program === 'belay' && called === 1;
}

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
      expect(needed, name).toEqual({ postgres: { condition: 'service_healthy' }, temporal: { condition: 'service_healthy' } });
      expect(Number.parseInt(grace, 10), name).toBeGreaterThanOrEqual(STOP_S);
    }
  });

  it('has settings that Belay takes, with secrets as they are made where nothing is known of them', async () => {
    await using folder = await temporaryDirectory();
    await cp(join(ROOT, 'docker'), join(folder.path, 'docker'), { recursive: true });
    await execa('sh', ['docker/make-secrets.sh'], { cwd: folder.path, env: { PATH: process.env['PATH'] }, extendEnv: false });
    for (const [name, { environment = {} }] of await ours()) {
      const entries = Object.entries(environment).map(([key, value]) => [key, value.replace('/run/', `${folder.path}/`)] as const);
      const env = Object.fromEntries(entries);
      const config = loadConfig(env);
      requireSharedLedger(config);
      expect(
        config.warnings.filter((warning) => !warning.includes(' is empty: ')),
        name,
      ).toEqual([]);
      expect(
        Object.keys(config.secrets).filter((each) => !['BELAY_DATABASE_URL', 'GITHUB_WEBHOOK_SECRET'].includes(each)),
        name,
      ).toEqual([]);
      // An empty API key of Temporal would ask for TLS.
      expect(namedTarget(config, env)?.options, name).toEqual({ address: 'temporal:7233' });
    }
  });

  it('gives secrets as files alone: those that make-secrets.sh makes, each to who needs it', async () => {
    const { services, secrets } = await compose();
    for (const [name, { environment = {}, secrets: given = [] }] of Object.entries(services)) {
      for (const [variable, value] of Object.entries(environment)) {
        if (/(?:_KEY|_TOKEN|_SECRET|_PASSWORD|DATABASE_URL)$/.test(variable)) expect(value, `${name}: ${variable}`).toBe('');
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
    expect(await secret('postgres_password')).not.toBe(password);
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

interface Manifest {
  kind: string;
  metadata: { name: string };
  spec?: {
    template?: { spec: { terminationGracePeriodSeconds: number; containers: Container[] } };
  };
}
interface Container {
  args: string[];
  env: { name: string; value: string }[];
}

describe('deploy/kubernetes', () => {
  it('names its files, and starts what the command line has, with settings that there are', async () => {
    const folder = join(ROOT, 'deploy/kubernetes');
    const { resources } = parse(await readFile(join(folder, 'kustomization.yaml'), 'utf8')) as { resources: string[] };
    const there = (await readdir(folder)).filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml');
    // An example that needs a name of yours.
    expect(there.filter((name) => name !== 'ingress.yaml').toSorted()).toEqual(resources.toSorted());
    const texts = await Promise.all(there.map((name) => readFile(join(folder, name), 'utf8')));
    const manifests = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Manifest));
    const pods = manifests.flatMap(({ metadata, spec }) => (spec?.template ? [{ name: metadata.name, ...spec.template.spec }] : []));
    expect(pods.map(({ name }) => name).toSorted()).toEqual(['api', 'orchestrator', 'runner']);
    for (const { name, terminationGracePeriodSeconds: grace, containers } of pods) {
      expect(grace, name).toBeGreaterThanOrEqual(STOP_S);
      for (const { args, env } of containers) {
        expect(await isCommand(args), name).toBe(true);
        expect(
          env.map((each) => each.name).filter((each) => !isSetting(each)),
          name,
        ).toEqual([]);
      }
    }
    const lines = (await readFile(join(folder, 'settings.env'), 'utf8')).trim().split('\n');
    const settings = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
    expect(Object.keys(settings).filter((each) => !isSetting(each) && !OTHERS.includes(each))).toEqual([]);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = { GITHUB_APP_PRIVATE_KEY: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString() };
    expect(loadConfig({ HOME: '/home/node', ...key, ...settings }).api.proxies).toBe(1);
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
