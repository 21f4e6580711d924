import type { NoticeName } from '../contracts/constants.ts';
import type { RunError, RunView } from '../contracts/run-view.ts';
import { needsPerson } from './needs-person.ts';

interface Told {
  event: NoticeName;
  view: RunView;
  trouble?: RunError | undefined;
}

const LINES: Record<NoticeName, (view: RunView, trouble: RunError | undefined) => string[]> = {
  'run.started': ({ id }) => [`Run ${id} has started.`],
  'run.waiting': needsPerson,
  'run.parked': needsPerson,
  'run.delayed': ({ id, waitingMessage: why }) => [`Run ${id} waits, and goes on by itself${why ? `: ${why}` : '.'}`],
  'run.resumed': ({ id }) => [`Run ${id} goes on.`],
  'run.completed': ended,
};

/** What has become of a run, line by line. */
export const noticeText = ({ event, view, trouble }: Told): string[] => LINES[event](view, trouble);

function ended({ id, status, outcome, pullRequest, summary }: RunView, trouble: RunError | undefined): string[] {
  if (status !== 'completed') return [`Run ${id} has ended: ${status}.`, ...(trouble ? [trouble.message] : summary ? [summary] : [])];
  if (outcome === 'no_changes') return [`Run ${id} is complete: there was nothing to change.`];
  return [`Run ${id} is complete.`, ...(pullRequest ? [`Pull request #${pullRequest.number}: ${pullRequest.url}`] : [])];
}
