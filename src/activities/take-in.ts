import { BelayError } from '../contracts/errors.ts';
import { plainLine } from '../contracts/text.ts';
import type { Conflicts, FindConflictsInput, Moved, TakeInInput, TakeInOutcome } from '../contracts/publishing.ts';
import type { StepRef } from '../contracts/work.ts';
import { markersIn } from '../git/conflict-markers.ts';
import { mergeTrees } from '../git/merge-trees.ts';
import type { Mirror } from '../git/mirror.ts';
import { leftBy } from '../run-files/run-files.ts';
import type { Dependencies } from './dependencies.ts';
import { recordedStep } from './journal.ts';
import { keepDiff } from './keep-diff.ts';
import { artifactText } from './prompt-values.ts';

const SHOWN_FILES = 5;
const MAX_NAME = 300;

/** The artifact of conflicts, which the agent is shown in parts. */
interface ConflictReport {
  files: string[];
  messages: string[];
  ours: string;
  theirs: string;
}

export function takeInActivities(deps: Dependencies) {
  return {
    /** Merges commits of others into the work and brings the workspace there. Retry-safe: nothing outside of this host changes. */
    async takeIn({ step, repository, checkpoint: ours, theirs }: TakeInInput, cancelled: AbortSignal): Promise<TakeInOutcome> {
      return deps.holdings.use(step, cancelled, (holding, signal) =>
        recordedStep<TakeInOutcome>(deps, step, async () => {
          const { mirror, worktree } = holding;
          // Another host may have seen them.
          const access = await deps.forges[repository.forge].gitAccess(repository);
          await mirror.fetchCommit({ ...access, sha: theirs.sha, signal });
          const merged = await mergeTrees({ mirror, ours, theirs: theirs.sha });
          if (!merged) throw nothingInCommon(theirs);
          const message = `checkpoint: ${step.name}\n\nRun ${step.lease.runId}, step ${step.number}, lease ${step.lease.epoch}.\n`;
          const checkpoint = await mirror.commitTree({ tree: merged.tree, parents: [ours, theirs.sha], message });
          holding.at = undefined;
          await worktree.restore(checkpoint, { signal });
          holding.at = checkpoint;
          await keepDiff(deps, holding, { step, to: checkpoint });
          const summary = `${theirs.name} at ${theirs.sha.slice(0, 12)}`;
          if (merged.conflicts.length === 0) return { value: { checkpoint }, summary };
          const { conflicts: files, messages } = merged;
          const conflicts = await keepReport(deps, step, { files, messages, ours, theirs: theirs.sha });
          return { value: { checkpoint, conflicts }, summary: `${summary}: ${files.length} with conflicts` };
        }),
      );
    },

    /** Looks for conflict markers that neither side had. */
    async findConflicts({ step, checkpoint, artifactId }: FindConflictsInput, cancelled: AbortSignal): Promise<{ left?: Conflicts }> {
      return deps.holdings.use(step, cancelled, ({ mirror }) =>
        recordedStep<{ left?: Conflicts }>(deps, step, async () => {
          const report = JSON.parse(await artifactText(deps, artifactId)) as ConflictReport;
          const checked = await Promise.all(
            report.files.map(async (path) => [path, await isOpen(mirror, report, checkpoint, path)] as const),
          );
          const files = checked.flatMap(([path, open]) => (open ? [path] : []));
          if (files.length === 0) return { value: {}, summary: 'none left' };
          const messages = files.map((path) => `There are still conflict markers in ${path}.`);
          const left = await keepReport(deps, step, { ...report, files, messages });
          return { value: { left }, summary: `${files.length} left` };
        }),
      );
    },
  };
}

/** Lines that look like markers may belong to the file, as in a text about git. */
async function isOpen(mirror: Mirror, { ours, theirs }: ConflictReport, checkpoint: string, path: string): Promise<boolean> {
  const [text, ...sides] = await Promise.all([checkpoint, ours, theirs].map((commit) => mirror.readFile({ commit, path })));
  const known = new Set(sides.flatMap((side) => markersIn(side ?? '')));
  return markersIn(text ?? '').some((line) => !known.has(line));
}

async function keepReport(deps: Dependencies, step: StepRef, report: ConflictReport): Promise<Conflicts> {
  const text = JSON.stringify(report, undefined, 2);
  const artifact = await deps.files.writeArtifact({ ...leftBy(step), kind: 'other', name: `${step.name}.json`, text });
  await deps.ledger.recordArtifact(artifact);
  const files = report.files.slice(0, SHOWN_FILES).map((path) => plainLine(path, MAX_NAME));
  return { count: report.files.length, files, artifactId: artifact.id };
}

function nothingInCommon({ name, sha }: Moved): BelayError {
  return new BelayError({
    code: 'merge_conflict',
    message: `${name} is at ${sha.slice(0, 12)} now, whose history has nothing in common with the work.`,
    hint: '`belay run --fresh` begins anew on what is there now.',
  });
}
