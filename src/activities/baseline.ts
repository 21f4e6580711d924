import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { compareFailures } from '../checks/compare-reports.ts';
import { reportOf } from '../checks/report.ts';
import type { CheckReport } from '../checks/report.ts';
import type { BaseComparison, CompareInput } from '../contracts/checks.ts';
import { acquireLock } from '../process/exclusive-lock.ts';
import { baselinePath, knownBaseline, rememberBaseline } from './baseline-files.ts';
import { checkBase } from './base-check.ts';
import { commandOf, failuresOf, reportAt, someOf } from './commit-check.ts';
import type { Dependencies } from './dependencies.ts';
import type { Holding } from './holdings.ts';
import { createJournal, recordedStep } from './journal.ts';

export function baselineActivities(deps: Dependencies) {
  return {
    /** Says which failures of a check the base has as well. The base is checked at most once on this host, by whichever run needs it first. */
    async compareWithBase(input: CompareInput, cancelled: AbortSignal): Promise<BaseComparison> {
      const { step } = input;
      return deps.holdings.use(step, cancelled, (holding, signal) =>
        recordedStep(deps, step, async () => {
          const journal = createJournal(deps, step);
          const head = await reportAt(deps, input.report);
          const base = await baselineOf(deps, holding, input, signal);
          const { value, summary } = comparison(head, base);
          journal.line(summary);
          await journal.flush();
          return { value, summary };
        }),
      );
    },
  };
}

function comparison(head: CheckReport, base: CheckReport): { value: BaseComparison; summary: string } {
  const { counting, known, note } = compareFailures({ head, base });
  const acceptable = !head.ended && counting.length === 0 && known.length > 0;
  const counted = `${known.length} failing on the base already, ${counting.length} not`;
  return {
    value: {
      ...failuresOf(head, counting),
      ...(acceptable ? { knownFailures: someOf(known) } : {}),
      ...(note ? { note } : {}),
    },
    summary: base.passed ? 'passes on the base' : note ? `${counted}: ${note}` : counted,
  };
}

async function baselineOf(deps: Dependencies, holding: Holding, input: CompareInput, signal: AbortSignal): Promise<CheckReport> {
  const key = { repository: holding.repository, base: input.base, command: commandOf(input.commands) };
  const known = await knownBaseline(deps, key);
  if (known) return known;
  const file = baselinePath(deps, key);
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  // Runs of one base wait for the first of them.
  using _lock = await acquireLock({ path: `${file}.lock`, signal });
  const meanwhile = await knownBaseline(deps, key);
  if (meanwhile) return meanwhile;
  const report = reportOf(await checkBase(deps, holding, input, signal));
  // What did not come to its end may do so the next time.
  if (!report.ended) await rememberBaseline(file, report);
  return report;
}
