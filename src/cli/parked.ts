import { entryOf } from '../contracts/error-catalogue.ts';
import type { RunView } from '../contracts/run-view.ts';
import { plainLine } from '../contracts/text.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ReaderContext } from './reader-context.ts';
import { EXIT } from './terminal.ts';

/** More of them than this are not read one by one. */
const MANY = 1000;
/** Closed ones are as many as there were: the newest of them. */
const NEWEST = 50;

/** `belay parked`: the runs that need a person. */
export async function parked({ ledger, terminal }: ReaderContext, { closed, json }: { closed: boolean; json: boolean }): Promise<number> {
  const waiting = await ledger.listRuns({ status: 'parked', limit: MANY });
  const over = closed ? await retryable(ledger) : [];
  if (json) terminal.out(JSON.stringify([...waiting, ...over], undefined, 2));
  else terminal.out([...waitingText(waiting), ...(closed ? ['', ...closedText(over)] : [])].join('\n'));
  return EXIT.ok;
}

/** Runs that ended without what they were for, and that no later run of their issue has taken up. */
async function retryable(ledger: Ledger): Promise<RunView[]> {
  const ended = await ledger.listRuns({ status: ['failed', 'timed_out'], limit: NEWEST });
  const mendable = ended.filter(({ errors }) => {
    const code = errors.at(-1)?.code;
    return code === undefined || entryOf(code).class !== 'fatal';
  });
  const newest = await Promise.all(mendable.map(async ({ id, workflowId }) => (await ledger.issueRuns({ workflowId }))[0]?.id === id));
  return mendable.filter((_, index) => newest[index]);
}

const waitingText = (runs: readonly RunView[]): string[] =>
  runs.length === 0 ? ['No run is parked.'] : runs.flatMap((run) => [...about(run, run.parkedSince), ...commands(run)]);

const closedText = (runs: readonly RunView[]): string[] =>
  runs.length === 0 ? ['No closed run waits to be retried.'] : ['Closed:', ...runs.flatMap((run) => about(run, run.completedAt))];

function about(run: RunView, since: string | undefined): string[] {
  const { id, status, repository, issue, request, errors } = run;
  const title = plainLine(issue ? `#${issue.key} ${issue.title}` : (request ?? ''), 60);
  const error = errors.at(-1);
  const where = error?.phase ? ` in ${error.phase}` : '';
  const tries = error?.attempts === undefined || error.attempts < 2 ? '' : `, tried ${error.attempts} times`;
  return [
    `${id}  ${status} since ${(since ?? run.createdAt).slice(0, 16).replace('T', ' ')}  ${repository}  ${title}`.trimEnd(),
    ...(error ? [`  ${error.code}${where}${tries}: ${plainLine(error.message, 200)}`, `  ${error.hint ?? entryOf(error.code).hint}`] : []),
  ];
}

const commands = ({ id, parkedUntil }: RunView): string[] => [
  `  belay retry ${id}    belay cancel ${id}${parkedUntil ? `    (kept until ${parkedUntil.slice(0, 10)})` : ''}`,
];
