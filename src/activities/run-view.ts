import { Context } from '@temporalio/activity';
import { STATUS_QUERY } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Dependencies } from './dependencies.ts';

/** More rows than this tell nobody anything. */
const MAX_EARLIER_RUNS = 20;

/**
 * The view of the run that asks. Each host has a ledger of its own: where this one knows less than the run has told another one, the run
 * itself is asked.
 */
export async function viewOfRun(
  { ledger, client }: Pick<Dependencies, 'ledger' | 'client'>,
  { runId, viewVersion = 0 }: { runId: string; viewVersion?: number | undefined },
): Promise<RunView> {
  const known = await knownRun(ledger, runId);
  if (known && known.version >= viewVersion) return known;
  const { workflowId = '', runId: executionId } = Context.current().info.workflowExecution ?? {};
  try {
    await ledger.recordRun(await client.workflow.getHandle(workflowId, executionId).query<RunView>(STATUS_QUERY));
  } catch (error) {
    // An older view tells nearly the same.
    if (!known) throw error;
  }
  return ledger.getRun(runId);
}

/** The runs that this one goes on from, newest first, as far as this host knows them. */
export async function earlierRuns({ ledger }: Pick<Dependencies, 'ledger'>, { continues }: RunView): Promise<RunView[]> {
  const runs: RunView[] = [];
  for (let id = continues; id !== undefined && runs.length < MAX_EARLIER_RUNS; id = runs.at(-1)?.continues) {
    const run = await knownRun(ledger, id);
    if (!run) break;
    runs.push(run);
  }
  return runs;
}

/** Undefined where this host knows nothing of the run, which it cannot ask about while a shared database is away: others decide about it. */
export async function knownRun(ledger: Pick<Ledger, 'getRun'>, runId: string): Promise<RunView | undefined> {
  try {
    return await ledger.getRun(runId);
  } catch (error) {
    if (error instanceof BelayError && ['invalid_input', 'ledger_unreachable'].includes(error.code)) return undefined;
    throw error;
  }
}
