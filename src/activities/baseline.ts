import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { compareFailures } from '../checks/compare-reports.ts';
import { reportOf } from '../checks/report.ts';
import type { CheckReport } from '../checks/report.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { BaseComparison, CompareInput } from '../contracts/checks.ts';
import { acquireLock } from '../process/exclusive-lock.ts';
import { readIfThere } from '../process/read-if-there.ts';
import { checkBase } from './base-check.ts';
import { commandOf, failuresOf, reportAt, someOf } from './commit-check.ts';
import type { Dependencies } from './dependencies.ts';
import type { Holding } from './holdings.ts';
import { createJournal, recordedStep } from './journal.ts';

/** So many bases of a repository are remembered: their reports may be some megabytes. */
const MAX_BASELINES = 10;

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

interface BaselineKey {
  repository: RepositoryRef;
  base: string;
  /** All commands, as the evidence names them. */
  command: string;
}

/** What the base's own settings say, its set-up among it, is part of the commit. */
function baselinePath({ home }: Pick<Dependencies, 'home'>, { repository, base, command }: BaselineKey): string {
  const { forge, owner, name } = repository;
  const key = JSON.stringify([base, command]);
  const file = `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`;
  return path.join(home, 'cache', 'baselines', forge, owner, name, file);
}

/** What these commands have said of the base, if this host has found out. */
export async function knownBaseline(deps: Pick<Dependencies, 'home'>, key: BaselineKey): Promise<CheckReport | undefined> {
  const text = await readIfThere(baselinePath(deps, key));
  return text === undefined ? undefined : (JSON.parse(text) as CheckReport);
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
  if (!report.ended) await remember(file, report);
  return report;
}

async function remember(file: string, report: CheckReport): Promise<void> {
  await writeFileAtomic(file, JSON.stringify(report), { fsync: false });
  const folder = path.dirname(file);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const dated = await Promise.all(names.map(async (name) => ({ name, at: (await stat(path.join(folder, name))).mtimeMs })));
  const old = dated.toSorted((a, b) => b.at - a.at).slice(MAX_BASELINES);
  // Without its lock a base may be checked twice, no more.
  for (const { name } of old) for (const each of [name, `${name}.lock`]) await rm(path.join(folder, each), { force: true });
}
