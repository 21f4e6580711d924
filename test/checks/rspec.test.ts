import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { project } from './project.ts';
import type { Project } from './project.ts';

/** Stands in for rspec 3.12, which needs Ruby: writes the report that it wrote, where SPEC_OPTS says. */
const RECORDED = `#!/bin/sh
eval "set -- $SPEC_OPTS"
while [ "$1" != --out ]; do shift; done
cp recorded.json "$2"
exit 1
`;

async function rspecProject(report: string): Promise<Project> {
  const sample = await project({ 'bin/rspec': RECORDED, Makefile: 'RSPEC = bin/rspec\ntest: lint\n\t@$(RSPEC) --color\nlint:\n\ttrue\n' });
  await chmod(join(sample.path, 'bin/rspec'), 0o755);
  await copyFile(join(import.meta.dirname, `../fixtures/rspec/${report}.json`), join(sample.path, 'recorded.json'));
  return sample;
}

describe('rspec', () => {
  it('names failing examples behind make, each with a command that runs it alone', async () => {
    await using sample = await rspecProject('report');
    const result = await sample.check('make test');
    expect(result).toMatchObject({ passed: false, counts: { passed: 1, failed: 2, skipped: 2 }, notes: [] });
    expect(result.failures).toMatchObject([
      {
        name: `sums adds, it's $HOME`,
        file: 'spec/sums_spec.rb',
        error: expect.stringContaining('expected: 3'),
        command: `bin/rspec './spec/sums_spec.rb[1:1]'`,
      },
      {
        name: 'sums deep raises',
        error: expect.stringContaining('ArgumentError: boom'),
        command: `bin/rspec './spec/sums_spec.rb[1:5:1]'`,
      },
    ]);
    expect(result.failures[0]?.error).not.toContain('/gems/');
  });

  it('names a file that cannot be loaded', async () => {
    await using sample = await rspecProject('broken');
    const { failures } = await sample.check('bin/rspec');
    expect(failures).toMatchObject([
      { name: 'spec/broken_spec.rb', command: 'bin/rspec spec/broken_spec.rb', error: expect.stringContaining('nowhere') },
    ]);
  });

  it('keeps options that the environment has', async () => {
    await using sample = await rspecProject('report');
    const env = { PATH: process.env['PATH'] ?? '', SPEC_OPTS: '--order defined' };
    expect((await sample.check('echo "$SPEC_OPTS"; bin/rspec', { env })).outputTail).toMatch(/^--order defined --format progress /);
  });
});
