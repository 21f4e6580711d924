import { affectedCommand } from '../checks/affected.ts';
import { missedTests } from '../checks/compare-reports.ts';
import { reportOf } from '../checks/report.ts';
import { runnerOf } from '../checks/runners.ts';
import type { Evidence } from '../contracts/evidence.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { plainLine } from '../contracts/text.ts';
import type { AffectedInput, ChecksInput, ChecksOutcome } from '../contracts/checks.ts';
import { checkCommit, commandOf, failuresOf, reportAt, someOf } from './commit-check.ts';
import type { Dependencies } from './dependencies.ts';
import type { Holding } from './holdings.ts';
import { createJournal, recordedStep } from './journal.ts';
import { writeTestReports } from './test-reports.ts';

export function checkActivities(deps: Dependencies) {
  return {
    /** Runs the repository's own commands on exactly this checkpoint. Their exit code is the truth; what they leave behind is removed. */
    async runChecks(input: ChecksInput, cancelled: AbortSignal): Promise<ChecksOutcome> {
      const { step } = input;
      return deps.holdings.use(step, cancelled, (holding, signal) =>
        recordedStep(deps, step, async () => {
          const journal = createJournal(deps, step);
          const value = await check(deps, holding, input, signal);
          const { evidence, missed } = value;
          const summary = `${evidence.command}: ${evidence.noTests ? 'found no tests' : evidence.passed ? 'passed' : `failed (exit code ${evidence.exitCode})`}`;
          journal.line(summary);
          if (missed)
            journal.line(`Not run any more: ${missed.names.join(', ')}${missed.count > missed.names.length ? ', …' : ''}`, 'warn');
          await journal.flush();
          return { value, summary };
        }),
      );
    },

    /** Runs what the files that have changed since a commit may affect. Never evidence: only the whole suite is. */
    async runAffected(input: AffectedInput, cancelled: AbortSignal): Promise<ChecksOutcome | null> {
      const { step, changedSince, checkpoint } = input;
      return deps.holdings.use(step, cancelled, async (holding, signal) => {
        const changedFiles = await holding.mirror.changedFiles({ from: changedSince, to: checkpoint });
        const commands = await affectedCommands(holding, input, changedFiles);
        if (commands.length === 0) return null;
        return recordedStep(deps, step, async () => {
          const value = await check(deps, holding, { ...input, commands }, signal);
          const { command, passed } = value.evidence;
          return { value, summary: `${plainLine(command)}: ${passed ? 'passed' : 'failed'}` };
        });
      });
    },
  };
}

async function affectedCommands(
  { mirror, settings }: Holding,
  { commands, checkpoint: commit }: ChecksInput,
  changedFiles: readonly string[],
) {
  if (changedFiles.length === 0) return [];
  const readFile = (path: string) => mirror.readFile({ commit, path });
  const folder = withoutUndefined({ workingDirectory: settings.workingDirectory });
  const affected = await Promise.all(
    commands.map(({ command, runner }) => affectedCommand({ command, runner, changedFiles, readFile, ...folder })),
  );
  return affected.filter((command) => command !== undefined).map((command) => ({ command, runner: runnerOf(command) }));
}

async function check(deps: Dependencies, holding: Holding, input: ChecksInput, signal: AbortSignal): Promise<ChecksOutcome> {
  const { step, commands, checkpoint, since } = input;
  const treeHash = await holding.mirror.treeOf(checkpoint);
  const checkedAt = new Date().toISOString();
  const result = await checkCommit(deps, holding, input, signal);
  const report = reportOf(result);
  const artifactId = await writeTestReports(deps, step, { commands: commands.map(({ command }) => command), result, report });
  const { passed, exitCode, durationMs, counts, ended, noTests } = result;
  const evidence: Evidence = {
    command: commandOf(commands),
    exitCode,
    passed,
    commit: checkpoint,
    treeHash,
    durationMs,
    checkedAt,
    artifactId,
    ...(ended ? { ended } : {}),
    ...(counts ? { counts } : {}),
    ...(noTests ? { noTests } : {}),
  };
  const missed = since === undefined ? [] : missedTests({ before: await reportAt(deps, since), after: report });
  return { evidence, ...failuresOf(report), ...(missed.length > 0 ? { missed: someOf(missed) } : {}) };
}
