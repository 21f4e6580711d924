import type { Review } from '../contracts/agent-outputs.ts';
import type { Evidence } from '../contracts/evidence.ts';
import type { RunView } from '../contracts/run-view.ts';
import { inert, quiet } from './inert.ts';
import { costOf, dollars, duration, quoted, thousands, tokensOf } from './words.ts';

export interface PullRequestParts {
  view: RunView;
  /** The issue or request, as it was read. */
  asked: string;
  /** The agent's description of its work. */
  done?: string;
  evidence?: Evidence;
  review?: Review;
  /** What a reader should know of the tests beside their result. */
  notes?: readonly string[];
  /** The runs that this one goes on from, the newest first. */
  earlier?: readonly RunView[];
}

/** Marks a pull request as this run's, invisibly. */
export const pullRequestMarker = (workflowId: string): string => `<!-- belay ${workflowId.replaceAll('--', '- -')} -->`;

/** What the reader of the pull request needs: what was asked, what was done, how it was checked, what it cost. */
export function pullRequestBody({ view, asked, done, evidence, review, notes = [], earlier = [] }: PullRequestParts): string {
  const later = review?.issues.filter(({ severity }) => severity !== 'blocker') ?? [];
  const told = [
    done?.trim() || 'See the commits.',
    `## What was asked\n\n${quoted(quiet(asked), 3000)}`,
    `## How it was checked\n\n${[evidenceTable(view, evidence), ...knownOf(evidence), ...notes].join('\n\n')}`,
    ...(later.length > 0
      ? [`## Noted by the review, not blocking\n\n${later.map(({ title, severity }) => `- **${severity}**: ${title}`).join('\n')}`]
      : []),
    `## The run\n\n${costTable(view, earlier)}`,
  ].map(inert);
  return [...told, ...(view.issue ? [`Closes #${view.issue.key}`] : []), pullRequestMarker(view.workflowId)].join('\n\n');
}

function evidenceTable(view: RunView, evidence: Evidence | undefined): string {
  if (!evidence) return untested(view);
  const { command, exitCode, treeHash, durationMs, counts, noTests } = evidence;
  const result = noTests
    ? 'no tests found'
    : counts
      ? `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`
      : 'see exit code';
  return [
    'Run by Belay itself on exactly the published tree.',
    '',
    '| command | exit code | result | tree | duration |',
    '|---|---|---|---|---|',
    `| \`${command.replaceAll('|', '\\|')}\` | ${exitCode} | ${result} | \`${treeHash.slice(0, 12)}\` | ${duration(durationMs)} |`,
  ].join('\n');
}

function untested({ phases }: RunView): string {
  const test = phases.find(({ name }) => name === 'test');
  if (test?.status === 'completed') return 'No tests were run: the repository names none that Belay could find.';
  if (test?.status === 'skipped') return 'No tests were run: their phase is switched off.';
  return test?.status === 'pending' ? 'No tests were run yet.' : 'No tests were run.';
}

/** The exit code in the table stays what it was: this says why the work is published all the same. */
function knownOf(evidence: Evidence | undefined): string[] {
  if (!evidence?.knownFailures) return [];
  const { count, names } = evidence.knownFailures;
  const listed = `${names.map((name) => `\`${name.replaceAll('`', "'")}\``).join(', ')}${count > names.length ? ', …' : ''}`;
  return [`**${count === 1 ? 'One test' : `${count} tests`} failed on the base already**, and no other fails: ${listed}.`];
}

function costTable(view: RunView, earlier: readonly RunView[]): string {
  const all = [view, ...earlier];
  const costUsd = all.reduce((sum, run) => sum + run.costUsd, 0);
  const tokens = all.reduce((sum, run) => sum + runTokens(run), 0);
  return [
    '| phase | status | summary | tokens | cost |',
    '|---|---|---|---|---|',
    ...[...earlier].reverse().flatMap(runRows),
    ...runRows(view),
    `| | | all | **${thousands(tokens)}** | **${dollars(costUsd)}** |`,
  ].join('\n');
}

/** A run's phases, then the run itself. The phase that writes this is not over. */
function runRows(view: RunView): string[] {
  const rows = view.phases
    .filter(({ attempts, name }) => attempts > 0 && name !== 'publish')
    .map((phase) => {
      const summary = (phase.summary ?? '').replaceAll('|', '\\|');
      return `| ${phase.name} | ${phase.status} | ${summary} | ${thousands(tokensOf(phase))} | ${dollars(costOf(phase))} |`;
    });
  const agent = `${view.engine}${view.model ? ` (${view.model})` : ''}`;
  return [...rows, `| | | run \`${view.id}\`, ${agent} | ${thousands(runTokens(view))} | ${dollars(view.costUsd)} |`];
}

const runTokens = ({ phases }: RunView): number => phases.reduce((sum, phase) => sum + tokensOf(phase), 0);
