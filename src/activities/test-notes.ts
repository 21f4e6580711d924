import { missedTests } from '../checks/compare-reports.ts';
import type { Evidence } from '../contracts/evidence.ts';
import { knownBaseline } from './baseline-files.ts';
import { reportAt, someOf } from './commit-check.ts';
import type { Dependencies } from './dependencies.ts';
import type { Holding } from './holdings.ts';
import { weakeningBetween } from './inspection.ts';

/** What a reader of the pull request should know of the tests beside their result. Runs nothing: what the base's tests are is told where it is known. */
export async function testNotes(deps: Dependencies, holding: Holding, evidence: Evidence | undefined): Promise<string[]> {
  if (!evidence) return [];
  const { repository, mirror, baseSha: base } = holding;
  const baseline = await knownBaseline(deps, { repository, base, command: evidence.command });
  const report = baseline && evidence.artifactId ? await reportAt(deps, evidence.artifactId) : undefined;
  const missed = baseline && report ? someOf(missedTests({ before: baseline, after: report })) : { count: 0, names: [] };
  const weaker = await weakeningBetween(mirror, { from: base, to: evidence.commit });
  return [
    ...(missed.count > 0
      ? [
          `${missed.count === 1 ? 'One test that runs on the base is' : `${missed.count} tests that run on the base are`} not run any more, or skipped: ${missed.names.join(', ')}${missed.count > missed.names.length ? ', …' : ''}.`,
        ]
      : []),
    ...(weaker.length > 0 ? [`In the tests themselves, worth a look: ${weaker.join('; ')}.`] : []),
  ];
}
