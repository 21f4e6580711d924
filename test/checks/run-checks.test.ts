import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageJson, project } from './project.ts';

describe('runChecks', () => {
  it('lets a command that names no failing test stand for itself', async () => {
    await using sample = await project({});
    const result = await sample.check('echo "lint: 3 problems"; exit 3');
    expect(result).toMatchObject({ passed: false, exitCode: 3, noTests: false });
    expect(result.failures).toMatchObject([
      { name: 'echo "lint: 3 problems"; exit 3', command: 'echo "lint: 3 problems"; exit 3', error: 'Exit code 3.\nlint: 3 problems' },
    ]);
  });

  it('runs every command, and fails by the first that fails', async () => {
    await using sample = await project({});
    const result = await sample.check(['true', 'echo one; exit 4', 'echo two; exit 5']);
    expect(result).toMatchObject({ passed: false, exitCode: 4, outputTail: 'one\n' });
    expect(result.failures.map(({ name }) => name)).toEqual(['echo one; exit 4', 'echo two; exit 5']);
  });

  it('passes where all commands pass', async () => {
    await using sample = await project({});
    expect(await sample.check(['true', 'echo fine'])).toMatchObject({ passed: true, exitCode: 0, failures: [], outputTail: 'fine\n' });
  });

  it('ends a command that takes too long, and says so', async () => {
    await using sample = await project({});
    const result = await sample.check(['sleep 60', 'echo never'], { timeoutMs: 100 });
    expect(result).toMatchObject({
      passed: false,
      ended: 'timed_out',
      failures: [{ error: expect.stringContaining('Did not end within') }],
    });
    expect(result.outputTail).not.toContain('never');
  });

  it('ends a command that says nothing for too long', async () => {
    await using sample = await project({});
    expect(await sample.check('echo started; sleep 60', { idleMs: 200 })).toMatchObject({ passed: false, ended: 'stalled' });
  });

  it('ends with its signal', async () => {
    await using sample = await project({});
    expect(await sample.check('sleep 60', { signal: AbortSignal.abort() })).toMatchObject({ passed: false, ended: 'cancelled' });
  });

  it('believes the exit code and notes a report that disagrees', async () => {
    await using sample = await project({
      'package.json': packageJson('node --test || true'),
      'a.test.js': `import test from 'node:test';\ntest('fails', () => { throw new Error('no'); });`,
    });
    const result = await sample.check('npm test');
    expect(result).toMatchObject({ passed: true, exitCode: 0, failures: [], counts: { failed: 1 } });
    expect(result.notes).toEqual(['`npm test` ended with exit code 0, yet its report has 1 failing tests.']);
  });

  it('lists every test of the run, failed first, and only failures with their errors', async () => {
    await using sample = await project({
      'package.json': packageJson('node --test'),
      'a.test.js': `import test from 'node:test';
        test('passes', () => {});
        test('is left out', { skip: true }, () => {});
        test('fails', () => { throw new Error('no'); });`,
    });
    const { tests, truncated } = await sample.check(['npm test', 'true']);
    expect(truncated).toBe(false);
    expect(tests).toEqual([
      { name: 'fails', file: 'a.test.js', passed: false, error: expect.stringContaining('no'), command: expect.any(String) },
      { name: 'passes', file: 'a.test.js', passed: true },
      { name: 'is left out', file: 'a.test.js', passed: false, skipped: true },
    ]);
  });

  it('lists at most 20,000 tests, the failed ones among them, and says that there are more', async () => {
    const statuses = Array.from({ length: 20_001 }, (_, index) => (index === 20_000 ? 'failed' : 'passed'));
    const assertionResults = statuses.map((status, index) => ({ ancestorTitles: [], title: `${index}`, fullName: `${index}`, status }));
    await using sample = await project({
      'package.json': packageJson('sh jest'),
      jest: 'for argument; do case "$argument" in --outputFile=*) cp report "${argument#--outputFile=}" ;; esac; done; exit 1',
      report: JSON.stringify({ testResults: [{ name: 'a.test.js', status: 'failed', assertionResults }] }),
    });
    const { tests, truncated, counts } = await sample.check('npm test');
    expect({ length: tests.length, first: tests[0]?.name, truncated }).toEqual({ length: 20_000, first: '20000', truncated: true });
    expect(counts).toMatchObject({ passed: 20_000, failed: 1 });
  });

  it.each([
    ['garbage', 'not json'],
    ['half a report', '{"testResults":[{"name":"a"'],
    ['another document', '{"error":500}'],
    ['nothing', ''],
  ])('survives a report that is %s, and says so', async (_, text) => {
    await using sample = await project({
      'package.json': packageJson('sh jest'),
      jest: 'for argument; do case "$argument" in --outputFile=*) cp report "${argument#--outputFile=}" ;; esac; done; exit 1',
      report: text,
    });
    const result = await sample.check('npm test');
    expect(result).toMatchObject({ passed: false, exitCode: 1, failures: [{ name: 'npm test' }] });
    expect(result.notes).toEqual([expect.stringMatching(/^The report of `npm test` could not be read: /)]);
  });

  it('runs plainly where an older runner refuses to report', async () => {
    await using sample = await project({
      'package.json': packageJson('sh old-node.sh node --test'),
      'old-node.sh': `[ -z "$NODE_OPTIONS" ] || { echo "node: --test-reporter is not allowed in NODE_OPTIONS"; exit 9; }; echo ran; exit 0`,
    });
    const result = await sample.check('npm test');
    expect(result).toMatchObject({ passed: true, exitCode: 0 });
    expect(result.outputTail).toContain('ran');
    expect(result.notes).toHaveLength(1);
  });

  it('keeps errors and the tail small, and the whole output in its file', async () => {
    await using sample = await project({});
    const outputFile = join(sample.path, 'all.log');
    const result = await sample.check(`node -e "for (let i = 0; i < 20000; i++) console.log('line', i, 'é')"; exit 1`, { outputFile });
    expect(Buffer.byteLength(result.failures[0]?.error ?? '')).toBeLessThanOrEqual(4096);
    expect(result.failures[0]?.error).toMatch(/^Exit code 1\./);
    expect(result.failures[0]?.error).toContain('line 19999');
    expect(await readFile(outputFile, 'utf8')).toContain('line 0 é');
  });
});
