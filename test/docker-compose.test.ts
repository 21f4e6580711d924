import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DYNAMIC_CONFIG } from '../src/temporal/dev-server-settings.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const secrets = { POSTGRES_PASSWORD: 'p', ANTHROPIC_API_KEY: 'k' };

interface Service {
  image?: string;
  build?: string;
  ports?: string[];
  volumes?: string[];
}

async function services(): Promise<Record<string, Service>> {
  return (parse(await readFile(`${root}docker-compose.yml`, 'utf8')) as { services: Record<string, Service> }).services;
}

async function composeConfig(env: Record<string, string>) {
  return execa('docker', ['compose', '--file', 'docker-compose.yml', 'config', '--quiet'], {
    cwd: root,
    // Compose may be a plugin in Docker's own folder.
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], DOCKER_CONFIG: process.env['DOCKER_CONFIG'], ...env },
    extendEnv: false,
    reject: false,
  });
}

const { failed: isMissing } = await execa('docker', ['compose', 'version'], { reject: false });

describe('docker-compose.yml', () => {
  it(`is valid for docker compose, and asks for its secrets${isMissing ? ' (no docker compose here)' : ''}`, async ({ skip }) => {
    skip(isMissing, 'docker compose is not installed');
    expect(await composeConfig(secrets)).toMatchObject({ exitCode: 0, stderr: '' });
    const { exitCode, stderr } = await composeConfig({ ANTHROPIC_API_KEY: 'k' });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('set POSTGRES_PASSWORD');
  });

  it('publishes ports on loopback only, and pins what it does not build', async () => {
    for (const [name, { image, build, ports = [] }] of Object.entries(await services())) {
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/);
      expect(build ?? image, name).toMatch(/^\.$|:\d+\.\d+/);
    }
  });

  it('gives its Temporal the settings of the embedded one', async () => {
    const config = parse(await readFile(`${root}docker/temporal-dynamic-config.yml`, 'utf8')) as Record<string, { value: unknown }[]>;
    expect(Object.fromEntries(Object.entries(config).map(([key, [entry]]) => [key, entry?.value]))).toEqual(DYNAMIC_CONFIG);
    expect((await services())['temporal']?.volumes?.[0]).toMatch(/^\.\/docker\/temporal-dynamic-config\.yml:/);
  });
});
