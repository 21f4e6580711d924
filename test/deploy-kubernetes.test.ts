import { generateKeyPairSync } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../src/config.ts';
import { OTHERS, ROOT, STOP_S, isCommand, isSetting, textOf } from './support/deployment.ts';

interface Manifest {
  kind: string;
  metadata: { name: string };
  spec?: {
    template?: { spec: { terminationGracePeriodSeconds: number; containers: Container[]; volumes: Volume[] } };
  };
}
interface Volume {
  name: string;
  projected?: { sources: { secret: { optional?: boolean; items: { key: string; path: string }[] } }[] };
}
interface Container {
  args: string[];
  env: { name: string; value: string }[];
}

const FOLDER = join(ROOT, 'deploy/kubernetes');

const manifestsThere = async (): Promise<string[]> =>
  (await readdir(FOLDER)).filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml');

async function pods() {
  const texts = await Promise.all((await manifestsThere()).map((name) => readFile(join(FOLDER, name), 'utf8')));
  const manifests = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Manifest));
  return manifests.flatMap(({ metadata, spec }) => (spec?.template ? [{ name: metadata.name, ...spec.template.spec }] : []));
}

/** What a pod has of the secret: keys that have to be in it, or others. */
const keysOf = (volumes: readonly Volume[], { optional }: { optional: boolean }): string[] =>
  volumes
    .flatMap(({ projected }) => projected?.sources ?? [])
    .filter(({ secret }) => (secret.optional ?? false) === optional)
    .flatMap(({ secret }) => secret.items.map(({ path }) => path));

describe('deploy/kubernetes', () => {
  it('names its files, and starts what the command line has, with settings that there are', async () => {
    const { resources } = parse(await readFile(join(FOLDER, 'kustomization.yaml'), 'utf8')) as { resources: string[] };
    // An example that needs a name of yours.
    expect((await manifestsThere()).filter((name) => name !== 'ingress.yaml').toSorted()).toEqual(resources.toSorted());
    expect((await pods()).map(({ name }) => name).toSorted()).toEqual(['api', 'orchestrator', 'runner']);
    for (const { name, terminationGracePeriodSeconds: grace, containers } of await pods()) {
      expect(grace, name).toBeGreaterThanOrEqual(STOP_S);
      for (const { args, env } of containers) {
        expect(await isCommand(args), name).toBe(true);
        expect(
          env.map((each) => each.name).filter((each) => !isSetting(each)),
          name,
        ).toEqual([]);
      }
    }
    const lines = (await readFile(join(FOLDER, 'settings.env'), 'utf8')).trim().split('\n');
    const settings = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
    expect(Object.keys(settings).filter((each) => !isSetting(each) && !OTHERS.includes(each))).toEqual([]);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = { GITHUB_APP_PRIVATE_KEY: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString() };
    expect(loadConfig({ HOME: '/home/node', ...key, ...settings }).api.proxies).toBe(1);
  });

  it('mounts every file that its settings name, or that operations.md has people name in them', async () => {
    const operations = await textOf('docs/operations.md');
    const named = [...operations.matchAll(/_FILE=\/run\/secrets\/belay\/([\w-]+)/g)].map(([, key = '']) => key);
    expect(named).toContain('aws-secret-access-key');
    for (const { name, containers, volumes } of await pods()) {
      const [needed, others] = [keysOf(volumes, { optional: false }), keysOf(volumes, { optional: true })];
      expect(others, name).toEqual(expect.arrayContaining(named));
      for (const key of needed) expect(operations, name).toContain(`--from-file=${key}`);
      for (const { name: variable, value } of containers.flatMap(({ env }) => env).filter((each) => each.name.endsWith('_FILE')))
        // Without its file a process does not start, but for the one that may come and go.
        expect(variable.includes('_PREVIOUS_') ? others : needed, `${name}: ${variable}`).toContain(
          value.replace('/run/secrets/belay/', ''),
        );
    }
  });
});
