import { plainLine } from '../contracts/text.ts';
import type { RunStatus } from '../contracts/constants.ts';
import type { RunView } from '../contracts/run-view.ts';
import { queueWords } from '../texts/queue.ts';
import type { QueuePlace } from '../texts/queue.ts';
import { waitingWords } from '../texts/waiting.ts';
import { dollars, duration } from '../texts/words.ts';
import { placesOf } from './queue.ts';
import type { ReaderContext } from './reader-context.ts';
import { EXIT } from './terminal.ts';

/** `belay list`: the newest runs first. */
export async function list(
  { ledger, terminal }: ReaderContext,
  { status, limit, json }: { status?: RunStatus; limit: number; json: boolean },
): Promise<number> {
  const runs = await ledger.listRuns({ limit, ...(status ? { status } : {}) });
  const places = await placesOf(ledger, runs);
  if (json)
    terminal.out(
      JSON.stringify(
        runs.map((each) => ({ ...each, ...queueOf(places.get(each.id)) })),
        undefined,
        2,
      ),
    );
  else if (runs.length === 0) terminal.out('No runs yet. `belay run issue.md` starts one.');
  else terminal.out(runs.map((each) => row(each, places.get(each.id))).join('\n'));
  return EXIT.ok;
}

const queueOf = (queue: QueuePlace | undefined): { queue?: QueuePlace } => (queue ? { queue } : {});

function row(run: RunView, place: QueuePlace | undefined): string {
  const about = plainLine(run.issue ? `#${run.issue.key} ${run.issue.title}` : (run.request ?? ''), 50);
  const rest = [
    run.pullRequest ? `#${run.pullRequest.number}` : undefined,
    dollars(run.costUsd),
    run.durationMs === undefined ? undefined : duration(run.durationMs),
    place ? queueWords(place) : waitingWords(run, 60),
  ];
  return [run.id, run.status.padEnd(9), run.pipeline.padEnd(8), run.repository.padEnd(16), about.padEnd(50), rest.filter(Boolean).join(' ')]
    .join('  ')
    .trimEnd();
}
