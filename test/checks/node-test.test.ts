import { describe, expect, it } from 'vitest';
import { resolveInvocation } from '../../src/checks/invocation.ts';
import { nodeTest } from '../../src/checks/runners/node-test.ts';
import { packageJson, project } from './project.ts';

const FAILING = `
import assert from 'node:assert';
import { describe, it, test } from 'node:test';
test('adds', () => assert.equal(1 + 1, 3));
test('is fine', () => {});
test('waits', { skip: true }, () => {});
test('is planned', { todo: true }, () => assert.fail('later'));
describe('a "suite" <of> many', () => {
  it("costs it's $HOME (maybe)", () => { throw new Error('boom & <bad>'); });
  it('is fine too', () => {});
  describe('within', () => { it('goes deep', () => assert.ok(false)); });
});
`;
const SUBTESTS = `
import assert from 'node:assert';
import { test } from 'node:test';
test('a parent', async (t) => { await t.test('its child', () => assert.equal('child', 'adult')); });
`;

describe('node:test', () => {
  it('names the failing tests behind npm, each with a command that runs it alone', async () => {
    await using sample = await project({ 'package.json': packageJson('node --test'), 'test/sums.test.js': FAILING });
    const result = await sample.check('npm test');
    expect(result).toMatchObject({ passed: false, exitCode: 1, noTests: false, notes: [], counts: { passed: 2, failed: 3, skipped: 2 } });
    expect(result.failures.map(({ name }) => name)).toEqual([
      'adds',
      `a "suite" <of> many > costs it's $HOME (maybe)`,
      'a "suite" <of> many > within > goes deep',
    ]);
    expect(result.failures[0]).toMatchObject({
      file: 'test/sums.test.js',
      command: `node --test --test-name-pattern='^adds$' test/sums.test.js`,
      error: expect.stringContaining('2 == 3'),
    });
    expect(result.outputTail).toContain('✖ adds');
  });

  it('runs each failing test alone by its command, and nothing else', async () => {
    await using sample = await project({ 'package.json': packageJson('node --test'), 'test/sums.test.js': FAILING });
    const { failures } = await sample.check('npm test');
    for (const { name, command } of failures) {
      const alone = await sample.check(command ?? '');
      expect(alone.failures.map((failure) => failure.name)).toEqual([name]);
      expect(alone.counts).toMatchObject({ passed: 0, failed: 1 });
    }
    await sample.write({ 'test/sums.test.js': FAILING.replace('1 + 1, 3', '1 + 1, 2') });
    expect(await sample.check(failures[0]?.command ?? '')).toMatchObject({ passed: true, counts: { passed: 1, failed: 0 } });
  });

  it('runs subtests with their parent, because alone they would pass unseen', async () => {
    await using sample = await project({ 'test/family.test.js': SUBTESTS, 'package.json': packageJson('node --test') });
    const { failures } = await sample.check('node --test');
    expect(failures.map(({ name }) => name)).toEqual(['a parent > its child']);
    expect(await sample.check(failures[0]?.command ?? '')).toMatchObject({ passed: false, counts: { failed: 1 } });
  });

  it('keeps names that look like numbers, operators or options', async () => {
    const names = ['007', '1e3', 'a && b | c; d', 'is -not an --option', '"quoted" \\ back'];
    const tests = names.map((name) => `test(${JSON.stringify(name)}, () => { throw new Error('no'); });`);
    await using sample = await project({ 'a.test.js': [`import test from 'node:test';`, ...tests].join('\n') });
    const { failures } = await sample.check('node --test');
    expect(failures.map(({ name }) => name)).toEqual(names);
    for (const { name, command } of failures) {
      const alone = await sample.check(command ?? '');
      expect(alone.failures).toMatchObject([{ name, command }]);
      expect(alone.counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
    }
  });

  it('tells what a file said that cannot be loaded', async () => {
    await using sample = await project({
      'package.json': packageJson('node --test'),
      'test/broken.test.js': `throw new Error('cannot load');`,
    });
    const { failures } = await sample.check('npm test');
    expect(failures).toMatchObject([
      { name: 'test/broken.test.js', command: 'node --test test/broken.test.js', error: expect.stringContaining('cannot load') },
    ]);
  });

  it('says so where there are no tests', async () => {
    await using sample = await project({ 'package.json': packageJson('node --test') });
    expect(await sample.check('npm test')).toMatchObject({ passed: true, noTests: true, failures: [] });
  });

  it('keeps the flags of the script for a single test, and leaves out its files', async () => {
    await using sample = await project({
      'package.json': packageJson('NODE_ENV=test node --import ./setup.js --test --test-concurrency=1 test/*.test.js'),
      'setup.js': 'globalThis.ready = true;',
      'test/a.test.js': `import test from 'node:test';\ntest('is ready', () => { if (globalThis.ready) throw new Error('ready'); });`,
    });
    const { failures } = await sample.check('npm test');
    expect(failures[0]?.command).toBe(
      `NODE_ENV=test node --import ./setup.js --test --test-concurrency=1 --test-name-pattern='^is ready$' test/a.test.js`,
    );
    expect((await sample.check(failures[0]?.command ?? '')).failures).toMatchObject([{ name: 'is ready' }]);
  });

  it('does not join reporters that the script names itself', async () => {
    await using sample = await project({ 'package.json': packageJson('node --test --test-reporter=tap'), 'test/sums.test.js': FAILING });
    const result = await sample.check('npm test');
    expect(result.outputTail).toContain('not ok 1 - adds');
    expect(result.failures).toMatchObject([{ name: 'npm test', command: 'npm test' }]);
  });

  it('works in a folder of the repository', async () => {
    await using sample = await project({ 'api/package.json': packageJson('node --test'), 'api/test/sums.test.js': FAILING });
    const { failures } = await sample.check('cd api && npm test');
    expect(failures[0]).toMatchObject({
      file: 'api/test/sums.test.js',
      command: `cd api && node --test --test-name-pattern='^adds$' test/sums.test.js`,
    });
  });
});

describe('the report of a Node before 22, which names no files', () => {
  it('takes the file from the stack, so that the test can be run alone', async () => {
    const report = `<?xml version="1.0" encoding="utf-8"?>
<testsuites>
	<testcase name="adds" time="0.001" classname="test" failure="3 == 2">
		<failure type="testCodeFailure" message="3 == 2">
[Error [ERR_TEST_FAILURE]: 3 == 2] {
  cause: AssertionError [ERR_ASSERTION]: 3 == 2
      at sum (file:///work/src/sum.js:3:9)
      at TestContext.&lt;anonymous> (file:///work/test/sum.test.js:28:10)
      at Test.runInAsyncScope (node:async_hooks:206:9)
}
		</failure>
	</testcase>
</testsuites>`;
    const invocation = await resolveInvocation({ command: 'npm test', readFile: async () => packageJson('node --test') });
    const { results } = await nodeTest.parse({ report, output: '', cwd: '/work', invocation, left: [] });
    expect(results).toMatchObject([
      { name: 'adds', passed: false, file: 'test/sum.test.js', command: `node --test --test-name-pattern='^adds$' test/sum.test.js` },
    ]);
  });
});
