import { plainLine } from '../contracts/text.ts';
import type { RunView } from '../contracts/run-view.ts';
import { queueWords } from '../texts/queue.ts';
import type { QueuePlace } from '../texts/queue.ts';
import { isWaitingForTime, waitingWords } from '../texts/waiting.ts';
import { dollars, duration } from '../texts/words.ts';
import { EXIT } from './terminal.ts';

/** Where a run has come to rest, and what a person can do next. */
export function report(view: RunView, { web, place }: { web?: string | undefined; place?: QueuePlace | undefined } = {}): string {
  const rows: [string, string | undefined][] = [
    ['pull request', view.pullRequest && `#${view.pullRequest.number} ${plainLine(view.pullRequest.title, 100)}`],
    ['', view.pullRequest?.url],
    ['branch', view.branch],
    ['changes', view.diffStat],
    ...leftOpen(view),
    ['checked by', evidenceOf(view)],
    ['approved', view.approvals && plainLine(view.approvals.map(approvalWords).join(', '), 200)],
    ['waits', (place ? queueWords(place) : waitingWords(view))?.replace(/^waits /, '')],
    ['cost', dollars(view.costUsd)],
    ['took', view.durationMs === undefined ? undefined : duration(view.durationMs)],
    ['run', view.id],
    ['kept until', view.parkedUntil?.slice(0, 10)],
    ['says', view.summary && plainLine(view.summary, 200)],
    ['web', web],
  ];
  const table = rows.filter(([, value]) => value).map(([name, value]) => `  ${name.padEnd(13)} ${value}`);
  return [headline(view), ...table, ...nextSteps(view)].join('\n');
}

const approvalWords = ({ of, by, at }: NonNullable<RunView['approvals']>[number]): string =>
  `${of === 'plan' ? 'plan' : 'work'}${by ? ` by ${by}` : ''} on ${at.slice(0, 10)}`;

function headline(view: RunView): string {
  const title = plainLine(view.issue ? `#${view.issue.key} ${view.issue.title}` : (view.request ?? ''), 100);
  if (view.outcome === 'no_changes') return `No changes are needed: ${title}`;
  return `${view.status === 'completed' ? 'Done' : view.status}: ${title}`;
}

/** A run may come to its end although a phase did not: a review whose reviewer crashed, documentation. */
function leftOpen({ status, phases }: RunView): [string, string][] {
  if (status !== 'completed') return [];
  return phases
    .filter((phase) => phase.status === 'failed')
    .map(({ name, summary = '' }) => ['left open', `${name} · ${plainLine(summary, 200)}`]);
}

function evidenceOf({ phases }: RunView): string | undefined {
  const evidence = phases.findLast((phase) => phase.evidence)?.evidence;
  if (!evidence) return undefined;
  const { command, exitCode, counts, treeHash, knownFailures, noTests } = evidence;
  return `\`${command}\` exit code ${exitCode}${noTests ? ', no tests found' : ''}${counts ? `, ${counts.passed} passed` : ''}${knownFailures ? `, ${knownFailures.count} failing on the base already` : ''} on tree ${treeHash.slice(0, 12)}`;
}

function nextSteps(view: RunView): string[] {
  const { status, errors, id } = view;
  const last = errors.at(-1);
  const cause = last && status !== 'completed' ? [`  ${last.code}: ${last.message}`, ...(last.hint ? [`  ${last.hint}`] : [])] : [];
  if (status === 'parked')
    return [...cause, `  belay retry ${id}    goes on`, `  belay open ${id}     the work so far`, `  belay cancel ${id}   drops it`];
  if (status === 'cancelled') return [...cause, `  belay retry ${id}    goes on after its last finished step`];
  if (!isWaitingForTime(view)) return cause;
  const sooner = view.waitingFor === 'breaker' ? [] : [`  belay retry ${id}    tries at once`];
  return [...sooner, `  belay cancel ${id}   drops it`];
}

export function exitCodeOfRun({ status }: RunView): number {
  if (status === 'completed') return EXIT.ok;
  return status === 'cancelled' ? EXIT.cancelled : EXIT.failed;
}
