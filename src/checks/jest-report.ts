import { relative } from 'node:path';
import { z } from 'zod';
import type { TestResult } from '../contracts/evidence.ts';
import { boundedError } from './runner.ts';
import type { ReportInput, TestReport } from './runner.ts';

/** The JSON that jest writes, and vitest in jest's way. */
const jestReport = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({
          ancestorTitles: z.array(z.string()),
          title: z.string(),
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});
type FileResult = z.infer<typeof jestReport>['testResults'][number];

/** The command that runs a file's test alone, or the whole file where no test is named. */
export type AloneCommand = (test: { file: string; names?: string[] }) => string;

export function parseJestReport({ report, cwd }: ReportInput, alone: AloneCommand): TestReport {
  const { testResults } = jestReport.parse(JSON.parse(report));
  return { results: testResults.flatMap((file) => resultsOf(file, relative(cwd, file.name), alone)) };
}

function resultsOf({ status, message, assertionResults }: FileResult, file: string, alone: AloneCommand): TestResult[] {
  const results = assertionResults.map(({ ancestorTitles, title, fullName, status: outcome, failureMessages }) => ({
    name: fullName.trim(),
    file,
    passed: outcome === 'passed',
    ...(outcome === 'passed' || outcome === 'failed' ? {} : { skipped: true }),
    ...(outcome === 'failed' ? { error: boundedError((failureMessages ?? []).join('\n')) } : {}),
    command: alone({ file, names: [...ancestorTitles, title].filter(Boolean) }),
  }));
  const namesNone = status === 'failed' && !assertionResults.some((result) => result.status === 'failed');
  // A file that cannot be loaded, or whose hooks fail, has no failing test to name.
  return namesNone ? [{ name: file, file, passed: false, error: boundedError(message), command: alone({ file }) }, ...results] : results;
}
