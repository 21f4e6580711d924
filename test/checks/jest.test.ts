import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageJson, project } from './project.ts';
import type { Project } from './project.ts';

/** Stands in for jest 30, which is too big for a test's dependency: writes the report that it wrote, where the arguments say. */
const RECORDED = `#!/bin/sh
for argument; do case "$argument" in --outputFile=*) file="\${argument#--outputFile=}" ;; --json) json=1 ;; esac; done
[ -z "$json" ] || sed "s#{cwd}#$PWD#g" recorded.json > "$file"
echo 'Tests: 2 failed, 1 skipped, 1 todo, 1 passed, 5 total'
exit 1
`;

async function jestProject(script: string, program = RECORDED): Promise<Project> {
  const sample = await project({ 'package.json': packageJson(script), 'node_modules/.bin/jest': program });
  await chmod(join(sample.path, 'node_modules/.bin/jest'), 0o755);
  await copyFile(join(import.meta.dirname, '../fixtures/jest/report.json'), join(sample.path, 'recorded.json'));
  return sample;
}

describe('jest', () => {
  it('names failing tests and files, each with a command that runs it alone', async () => {
    await using sample = await jestProject('jest');
    const result = await sample.check('npm test');
    expect(result).toMatchObject({ passed: false, exitCode: 1, counts: { passed: 1, failed: 3, skipped: 2 }, notes: [] });
    expect(result.failures.toSorted((a, b) => a.name.localeCompare(b.name))).toMatchObject([
      {
        name: 'adds (1+1)',
        file: 'test/a.test.js',
        command: String.raw`npm test -- --runTestsByPath test/a.test.js -t '^adds \(1\+1\)$'`,
        error: expect.stringContaining('Expected: 3'),
      },
      { name: `suite "x" it's $HOME`, command: String.raw`npm test -- --runTestsByPath test/a.test.js -t '^suite "x" it'\''s \$HOME$'` },
      { name: 'test/b.test.js', command: 'npm test -- --runTestsByPath test/b.test.js', error: expect.stringContaining('cannot load') },
    ]);
  });

  it('leaves limits of coverage out of a single test', async () => {
    await using sample = await jestProject('jest --coverage');
    const { failures } = await sample.check('npm test');
    expect(failures.map(({ command }) => command)).toContain(String.raw`npx jest --runTestsByPath test/a.test.js -t '^adds \(1\+1\)$'`);
  });

  it('says so where there are no tests', async () => {
    await using sample = await jestProject('jest', '#!/bin/sh\necho "No tests found, exiting with code 1"\nexit 1\n');
    expect(await sample.check('npm test')).toMatchObject({ passed: true, noTests: true, failures: [] });
  });
});
