import { describe, expect, it } from 'vitest';
import { lendPackages, packageJson, project } from './project.ts';
import type { Project } from './project.ts';

const FAILING = `
import { describe, expect, it } from 'vitest';
describe('sums', () => {
  it("it's $HOME (1+1)", () => expect(1 + 1).toBe(3));
  it('is fine', () => {});
  it.skip('waits', () => {});
  it.todo('is planned');
});
`;

async function vitestProject(script: string, files: Record<string, string>): Promise<Project> {
  const sample = await project({
    'package.json': packageJson(script),
    'vitest.config.js': 'export default { test: { watch: false } };',
    ...files,
  });
  await lendPackages(sample);
  return sample;
}

describe('vitest', () => {
  it('names failing tests and files behind npm, and runs one alone', async () => {
    await using sample = await vitestProject('vitest run', {
      'test/sums.test.js': FAILING,
      'test/broken.test.js': `throw new Error('cannot load');`,
    });
    const result = await sample.check('npm test');
    expect(result).toMatchObject({ passed: false, exitCode: 1, counts: { passed: 1, failed: 2, skipped: 2 }, notes: [] });
    const failures = result.failures.toSorted((a, b) => a.name.localeCompare(b.name));
    expect(failures).toMatchObject([
      { name: `sums it's $HOME (1+1)`, file: 'test/sums.test.js', error: expect.stringContaining('expected 2 to be 3') },
      { name: 'test/broken.test.js', command: 'npm test -- test/broken.test.js', error: expect.stringContaining('cannot load') },
    ]);
    expect(failures[0]?.command).toBe(String.raw`npm test -- test/sums.test.js -t '^sums( > | )it'\''s \$HOME \(1\+1\)$'`);
    const alone = await sample.check(failures[0]?.command ?? '');
    expect(alone.counts).toEqual({ passed: 0, failed: 1, skipped: 3 });
  });

  it('passes arguments through scripts that start scripts', async () => {
    const scripts = { scripts: { test: 'npm run unit', unit: 'vitest run' } };
    await using sample = await vitestProject('', { 'package.json': packageJson('', scripts), 'test/sums.test.js': FAILING });
    const { failures } = await sample.check('npm test');
    expect(failures).toMatchObject([{ file: 'test/sums.test.js', command: expect.stringMatching(/^npm test -- -- test\/sums/) }]);
    expect((await sample.check(failures[0]?.command ?? '')).counts).toMatchObject({ failed: 1, passed: 0 });
  });

  it('adds no arguments where they would reach another program', async () => {
    await using sample = await vitestProject('vitest run && node after.js', {
      'after.js': `if (process.argv.length > 2) throw new Error('arguments');`,
      'test/fine.test.js': `import { it } from 'vitest';\nit('is fine', () => {});`,
    });
    expect(await sample.check('npm test')).toMatchObject({ passed: true, exitCode: 0, failures: [] });
  });

  it('says so where there are no tests, and does not call that a failure', async () => {
    await using sample = await vitestProject('vitest run', {});
    expect(await sample.check('npm test')).toMatchObject({ passed: true, noTests: true, exitCode: 1, failures: [] });
  });
});
