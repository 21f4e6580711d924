import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { baselinePath, knownBaseline, rememberBaseline } from '../../src/activities/baseline-files.ts';
import type { CheckReport } from '../../src/checks/report.ts';
import { age } from '../../src/cli/age.ts';
import { clean } from '../../src/cli/clean.ts';
import { openContext } from '../../src/cli/context.ts';
import { localRepository } from '../../src/contracts/repository.ts';
import { createSetupCache } from '../../src/workspace/setup-cache.ts';
import { exampleRun } from '../support/example-run.ts';
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
    home,
    ledger: context.ledger,
    async clean(options: { dryRun?: boolean; cache?: boolean; olderThan?: number }) {
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

test('what an old closed run kept is named before it goes, younger ones by age only', async () => {
  await using made = await world();
  const old = new Date(Date.now() - 2 * age('20d')).toISOString();
  await made.ledger.recordRun(exampleRun({ status: 'failed', createdAt: old, completedAt: old }));
  const folder = join(made.home, 'runs/0123abcd/engine');
  await mkdir(folder, { recursive: true });
  expect(await made.clean({ dryRun: true })).toEqual(['Nothing to clean.']);
  expect(await made.clean({ dryRun: true, olderThan: age('30d') })).toEqual([`would remove ${folder} (run 0123abcd closed long ago)`]);
  expect(await made.clean({ olderThan: age('30') })).toEqual([`remove ${folder} (run 0123abcd closed long ago)`]);
  expect(await readdir(join(made.home, 'runs/0123abcd'))).toEqual([]);
  for (const wrong of ['', 'soon', '-1d', '1h']) expect(() => age(wrong)).toThrow('such as 30d');
});
