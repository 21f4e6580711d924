import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageJson, project } from './project.ts';
import type { Project } from './project.ts';

/** Stands in for mocha 11: writes the report that it wrote, where the arguments say. */
const RECORDED = `#!/bin/sh
for argument; do case "$argument" in output=*) file="\${argument#output=}" ;; esac; done
[ -z "$file" ] || sed "s#{cwd}#$PWD#g" recorded.json > "$file"
exit 3
`;

async function mochaProject(
  script: string,
  { program = RECORDED, more = {} }: { program?: string; more?: Record<string, string> } = {},
): Promise<Project> {
  const sample = await project({ 'package.json': packageJson(script), 'node_modules/.bin/mocha': program, ...more });
  await chmod(join(sample.path, 'node_modules/.bin/mocha'), 0o755);
  await copyFile(join(import.meta.dirname, '../fixtures/mocha/report.json'), join(sample.path, 'recorded.json'));
  return sample;
}

describe('mocha', () => {
  it('names failing tests and hooks, each with a command that runs it alone', async () => {
    await using sample = await mochaProject('mocha');
    const result = await sample.check('npm test');
    expect(result).toMatchObject({ passed: false, exitCode: 3, counts: { passed: 2, failed: 3, skipped: 2 }, notes: [] });
    expect(result.failures).toMatchObject([
      {
        name: 'hooks "before all" hook for "never runs"',
        error: expect.stringContaining('no database'),
        command: 'npm test -- test/sums.test.js',
      },
      {
        name: `sums it's $HOME (1+1)`,
        file: 'test/sums.test.js',
        error: expect.stringContaining('2 !== 3'),
        command: String.raw`npm test -- test/sums.test.js --grep '^sums it'\''s \$HOME \(1\+1\)$'`,
      },
      { name: 'sums deep goes', command: `npm test -- test/sums.test.js --grep '^sums deep goes$'` },
    ]);
  });

  it('keeps a reporter that the script names itself', async () => {
    await using sample = await mochaProject('mocha --reporter dot');
    expect(await sample.check('npm test')).toMatchObject({ exitCode: 3, failures: [{ name: 'npm test' }] });
  });

  it('is left alone behind make, which passes no arguments', async () => {
    const more = { Makefile: 'test:\n\t@npm test\n' };
    await using sample = await mochaProject('mocha', { more });
    expect(await sample.check('make test')).toMatchObject({ passed: false, failures: [{ name: 'make test' }] });
  });

  it('says so where there are no tests', async () => {
    await using sample = await mochaProject('mocha', { program: '#!/bin/sh\necho "Error: No test files found: \\"test\\"" >&2\nexit 1\n' });
    expect(await sample.check('npm test')).toMatchObject({ passed: true, noTests: true, failures: [] });
  });
});
