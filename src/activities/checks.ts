import path from 'node:path';
import { runChecks as runCommands } from '../checks/run-checks.ts';
import type { Evidence } from '../contracts/evidence.ts';
import { plainLine } from '../contracts/text.ts';
import type { ChecksInput, ChecksOutcome } from '../contracts/work.ts';
import type { Dependencies } from './dependencies.ts';
import { environmentOf } from './environment.ts';
import type { Holding } from './holdings.ts';
import { createJournal, recordedStep } from './journal.ts';
import { writeTestReports } from './test-reports.ts';

/** More failures than this are not fixed one by one in one attempt. */
const MAX_FAILURES = 20;
const MAX_NAME = 300;

export function checkActivities(deps: Dependencies) {
  return {
    /** Runs the repository's own commands on exactly this checkpoint. Their exit code is the truth; what they leave behind is removed. */
    async runChecks(input: ChecksInput, cancelled: AbortSignal): Promise<ChecksOutcome> {
      const { step } = input;
      return deps.holdings.use(step, cancelled, (holding, signal) =>
        recordedStep(deps, step, async () => {
          const journal = createJournal(deps, step);
          const value = await check(deps, holding, input, signal);
          const { evidence } = value;
          const summary = `${evidence.command}: ${evidence.passed ? 'passed' : `failed (exit code ${evidence.exitCode})`}`;
          journal.line(summary);
          await journal.flush();
          return { value, summary };
        }),
      );
    },
  };
}

async function check(
  deps: Dependencies,
  holding: Holding,
  { step, commands, checkpoint, timeoutMs }: ChecksInput,
  signal: AbortSignal,
): Promise<ChecksOutcome> {
  const { worktree, mirror, ports } = holding;
  holding.at = undefined;
  await worktree.restore(checkpoint);
  const treeHash = await mirror.treeOf(checkpoint);
  const folder = path.join(deps.files.directory(step.lease.runId), 'evidence');
  const name = `${String(step.number).padStart(3, '0')}-${step.name}`;
  const checkedAt = new Date().toISOString();
  const result = await runCommands({
    commands,
    timeoutMs,
    signal,
    cwd: worktree.path,
    env: environmentOf(deps, ports),
    reportDir: path.join(folder, name),
    outputFile: path.join(folder, `${name}.log`),
    run: (request) => deps.processes.run(request),
  });
  signal.throwIfAborted();
  await worktree.restore(checkpoint);
  holding.at = checkpoint;
  const { passed, exitCode, durationMs, counts, ended, failures, noTests } = result;
  const names = commands.map(({ command }) => command);
  const evidence: Evidence = {
    command: names.join(' && '),
    exitCode,
    passed,
    commit: checkpoint,
    treeHash,
    durationMs,
    checkedAt,
    artifactId: await writeTestReports(deps, step, { commands: names, result }),
    ...(ended ? { ended } : {}),
    ...(counts ? { counts } : {}),
  };
  return { evidence, noTests, failures: failures.slice(0, MAX_FAILURES).map(shortened) };
}

const shortened = ({ name, file, command }: { name: string; file?: string; command?: string }) => ({
  name: plainLine(name, MAX_NAME),
  ...(file ? { file: plainLine(file, MAX_NAME) } : {}),
  // A cut command would run something else.
  ...(command && command.length <= 2 * MAX_NAME ? { command } : {}),
});
