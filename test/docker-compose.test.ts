import { existsSync } from 'node:fs';
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

describe('Dockerfile', () => {
  it('copies what is there and what .dockerignore lets through, and all that the package holds', async () => {
    const [file, ignore, manifest] = await Promise.all(
      ['Dockerfile', '.dockerignore', 'package.json'].map((name) => readFile(`${root}${name}`, 'utf8')),
    );
    const copies = [...String(file).matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '));
    expect(copies.length).toBeGreaterThan(5);
    expect(copies.filter((source) => !existsSync(`${root}${source}`))).toEqual([]);
    expect(copies.filter((source) => !String(ignore).includes(`!${source}\n`))).toEqual([]);
    const { files } = JSON.parse(String(manifest)) as { files: string[] };
    const last = String(file).split('\nFROM ').at(-1);
    for (const folder of files.filter((each) => each.endsWith('/'))) expect(last).toContain(` ./${folder.slice(0, -1)}\n`);
  });

  it('runs Belay as a user without rights, under an init', async () => {
    const file = await readFile(`${root}Dockerfile`, 'utf8');
    expect(file).toMatch(/^USER node$/m);
    expect(file).toContain('ENTRYPOINT ["tini", "--"]');
    expect(file.indexOf('USER node')).toBeLessThan(file.indexOf('CMD'));
  });
});
