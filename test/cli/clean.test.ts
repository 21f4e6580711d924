import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { baselinePath, knownBaseline, rememberBaseline } from '../../src/activities/baseline-files.ts';
import type { CheckReport } from '../../src/checks/report.ts';
import { clean } from '../../src/cli/clean.ts';
import { openContext } from '../../src/cli/context.ts';
import { localRepository } from '../../src/contracts/repository.ts';
import { createSetupCache } from '../../src/workspace/setup-cache.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const repository = localRepository('acme/shop');
const report: CheckReport = { passed: true, exitCode: 0, notes: [], failures: [], outputTail: '', truncated: false, tests: [] };

/** A home with an entry in each cache. */
async function world() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryDirectory());
  const home = join(folder.path, 'home');
  const said: string[] = [];
  const nothing = (): void => {};
  const terminal = { live: false, piped: true, out: (text: string) => void said.push(text), note: nothing, exact: nothing };
  const context = stack.use(await openContext({ env: { ...process.env, BELAY_HOME: home }, terminal }));
  const root = join(folder.path, 'tree');
  await mkdir(join(root, 'node_modules'), { recursive: true });
  await writeFile(join(root, 'node_modules/lib.js'), 'x');
  await createSetupCache({ home }).store({ repository, key: 'k1', root, paths: ['node_modules'] });
  const key = { repository, base: 'a'.repeat(40), command: 'npm test' };
  const file = baselinePath({ home }, key);
  await mkdir(dirname(file), { recursive: true });
  await rememberBaseline(file, report);
  const kept = stack.move();
  return {
    async clean(options: { dryRun?: boolean; cache?: boolean }) {
      said.length = 0;
      expect(await clean(context, { dryRun: false, cache: false, ...options })).toBe(0);
      return said;
    },
    cached: async () => ({
      setups: (await readdir(join(home, 'cache/setup/local/acme/shop'))).length,
      baseline: (await knownBaseline({ home }, key)) !== undefined,
    }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const WORDS = ['1 entry of the setup cache (1 MB)', 'what the tests said of 1 base (1 MB)'];

test('caches stay unless they are named, and are removed once', async () => {
  await using made = await world();
  expect(await made.clean({})).toEqual(['Nothing to clean.']);
  expect(await made.cached()).toEqual({ setups: 1, baseline: true });
  expect(await made.clean({ cache: true, dryRun: true })).toEqual(WORDS.map((words) => `would remove ${words}`));
  expect(await made.cached()).toEqual({ setups: 1, baseline: true });
  expect(await made.clean({ cache: true })).toEqual(WORDS.map((words) => `remove ${words}`));
  expect(await made.cached()).toEqual({ setups: 0, baseline: false });
  expect(await made.clean({ cache: true })).toEqual(['Nothing to clean.']);
});
