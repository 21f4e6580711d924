import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { RunView } from '../src/contracts/run-view.ts';
import { packageVersion } from '../src/package-version.ts';
import type { BelayUser, Ended } from './support/cli.ts';
import { belayUser } from './support/cli.ts';
import type { Project } from './support/project.ts';
import { shellProgram } from './support/programs.ts';
import { userProject } from './support/project.ts';

const ROOT = join(import.meta.dirname, '..');
const packed = z.array(z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) }));

/** Where npm puts it in a project. */
const PACKAGE = 'node_modules/@belay-dev/belay';

let user: BelayUser;
let project: Project;
let folder: string;
let files: string[];
let env: Record<string, string>;

/** Somebody's own PATH: nothing of this checkout, and whichever Node the machine has. */
const outside = (path: string): string =>
  path
    .split(delimiter)
    .filter((entry) => !entry.includes('node_modules'))
    .join(delimiter);

async function npx(...args: string[]): Promise<Pick<Ended, 'stdout' | 'stderr'> & { exitCode: number | undefined }> {
  const { exitCode, stdout, stderr } = await execa('npx', ['belay', ...args], {
    cwd: folder,
    env,
    extendEnv: false,
    reject: false,
  });
  return { exitCode, stdout, stderr };
}

beforeAll(async () => {
  user = await belayUser();
  folder = join(user.folder, 'empty');
  // npx puts Belay's own tools on the PATH; a repository has its own.
  const tests = `case ":$PATH:" in *:${join(folder, 'node_modules/.bin')}:*) echo "Belay's tools are on the PATH"; exit 1;; esac\n`;
  project = await userProject(user.folder, { files: { '.belay.yml': 'test: sh test.sh\n', 'test.sh': tests } });
  await mkdir(folder);
  env = { ...user.env, PATH: outside(user.env['PATH'] ?? ''), XDG_CACHE_HOME: join(user.folder, 'cache') };
  const pack = await execa('npm', ['pack', '--json', '--silent', '--pack-destination', user.folder], { cwd: ROOT });
  const [archive] = packed.parse(JSON.parse(pack.stdout.slice(pack.stdout.indexOf('['))));
  files = (archive?.files ?? []).map(({ path }) => path);
  // With the cache of whoever runs the tests, which `npm ci` has filled.
  await execa('npm', ['install', '--prefer-offline', join(user.folder, archive?.filename ?? '')], {
    cwd: folder,
    env: { PATH: env['PATH'] },
  });
});
afterAll(() => user[Symbol.asyncDispose]());

describe('the package', () => {
  it('holds compiled code, prompts, the sample, what a service needs and the bundled pipelines, and neither sources nor tests', () => {
    const wanted = [
      'bin/belay',
      'commands/plan.md',
      'deploy/systemd/belay.service',
      'integrations/claude-code/belay.md',
      'dist/cli.js',
      'dist/worker.js',
      'samples/shop.script.yml',
      'samples/shop/package.json',
    ];
    expect(files).toEqual(expect.arrayContaining(wanted));
    expect(files.filter((file) => /^dist\/bundle\/\w+\.js$/.test(file))).toHaveLength(1);
    expect(
      files.filter(
        (file) => !/^(?:bin|commands|deploy|dist|integrations|samples)\/|^(?:CHANGELOG|README)\.md$|^LICENSE$|^package\.json$/.test(file),
      ),
    ).toEqual([]);
    expect(files.filter((file) => file.endsWith('.ts'))).toEqual([]);
  });

  it('runs under the Node it brings, whichever is on the PATH', async () => {
    expect(await npx('--version')).toMatchObject({ exitCode: 0, stdout: packageVersion() });
    const { stdout } = await npx('doctor', '--json');
    const checks = z.array(z.object({ check: z.string(), status: z.string() })).parse(JSON.parse(stdout));
    expect(checks).toContainEqual(expect.objectContaining({ check: 'Node', status: 'ok' }));
    expect(stdout).toContain(join(folder, 'node_modules/node/bin/node'));
  });

  it('says what to do where its Node is missing and the machine’s is too old', async () => {
    const launcher = join(user.folder, 'alone', 'bin', 'belay');
    await mkdir(dirname(launcher), { recursive: true });
    await copyFile(join(folder, PACKAGE, 'bin/belay'), launcher);
    const old = await shellProgram(join(user.folder, 'old', 'node'), 'echo v20.1.0');
    const PATH = [dirname(old), '/usr/bin', '/bin'].join(delimiter);
    const { exitCode, stderr } = await execa(launcher, ['list'], { env: { PATH }, extendEnv: false, reject: false });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('belay: it needs Node 24 or newer, and found: v20.1.0.');
    expect(stderr).toContain('npm rebuild node');
  });

  it('brings an issue to a pull request, with the pipelines it ships', async () => {
    const { exitCode, stdout, stderr } = await npx('run', project.issue, '--repo', project.path, '--json');
    expect(exitCode, stderr).toBe(0);
    const view = JSON.parse(stdout) as RunView;
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', errors: [] });
    expect(await project.git('show', `${view.branch}:done.txt`)).toBe('done');
    // Whoever has to bundle keeps the bundle there.
    expect(existsSync(join(user.folder, 'cache', 'belay', 'workflows'))).toBe(false);
    await expect.poll(() => user.processes(), { timeout: 20_000 }).toEqual([]);
    expect(await readdir(join(user.home, 'trees'))).toEqual([]);
  });
});
