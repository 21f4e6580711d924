import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** `npm test`: the checks, then the tests with coverage. The last line is the count; arguments go to vitest. */

const report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
});

const run = (file: string, args: string[]): number => spawnSync(file, args, { stdio: 'inherit' }).status ?? 1;

const VITEST = ['--disable-warning=ExperimentalWarning', 'node_modules/vitest/vitest.mjs'];

/** A file that cannot be loaded has no tests to count: it counts as one that failed. */
function counts(json: string): string {
  const results = report.parse(JSON.parse(json));
  const unloaded = results.testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);
  const failed = results.numFailedTests + unloaded.length;
  return `${results.numPassedTests} passed, ${failed} failed, ${results.numPendingTests + results.numTodoTests} skipped`;
}

async function main(args: string[]): Promise<number> {
  const checked = run('npm', ['run', '--silent', 'check']);
  if (checked !== 0) {
    console.error('npm run check failed, so the tests did not run.');
    return checked;
  }
  const folder = await mkdtemp(join(tmpdir(), 'belay-tests-'));
  try {
    const reportFile = join(folder, 'report.json');
    const whole = args.length === 0 ? ['--coverage'] : [];
    const exitCode = run(process.execPath, [
      ...VITEST,
      'run',
      ...whole,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${reportFile}`,
      ...args,
    ]);
    console.log(counts(readFileSync(reportFile, 'utf8')));
    return exitCode;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
