import type { Client } from '@temporalio/client';
import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { runHistories } from './histories.ts';
import type { RunHistory } from './histories.ts';

/** Where the ledger and Temporal do not say the same of a run. */
export interface Difference {
  runId: string;
  workflowId: string;
  /** `missing` in the ledger, `behind` what Temporal knows, `different` although of the same version, `unknown` because nobody could say. */
  kind: 'missing' | 'behind' | 'different' | 'unknown';
  /** For people. */
  words: string;
}

export interface Checked {
  /** How many runs Temporal has a history of. */
  runs: number;
  differences: Difference[];
}

interface CheckRequest {
  client: Client;
  ledger: Pick<Ledger, 'getRun' | 'isDeletedRun'>;
}

/** Compares the ledger with what Temporal's histories say. Changes nothing. */
export async function verifyLedger({ client, ledger }: CheckRequest): Promise<Checked> {
  const checked: Checked = { runs: 0, differences: [] };
  for await (const history of runHistories({ client, withSteps: false })) {
    checked.runs++;
    const found = await difference(ledger, history);
    if (found) checked.differences.push({ runId: history.runId, workflowId: history.workflowId, ...found });
  }
  return checked;
}

async function difference(
  ledger: CheckRequest['ledger'],
  { runId, view, problem = '' }: RunHistory,
): Promise<Pick<Difference, 'kind' | 'words'> | undefined> {
  if (await ledger.isDeletedRun(runId)) return undefined;
  if (!view) return { kind: 'unknown', words: `no worker could say how it stands: ${problem}` };
  const known = await recorded(ledger, runId);
  if (!known) return { kind: 'missing', words: `${view.status} in Temporal, and not recorded` };
  if (known.version < view.version) return { kind: 'behind', words: `${known.status} in the ledger, ${view.status} in Temporal` };
  const isSame = known.version > view.version || (known.status === view.status && known.costUsd >= view.costUsd);
  return isSame
    ? undefined
    : { kind: 'different', words: `${known.status} in the ledger, ${view.status} in Temporal, in the same version` };
}

async function recorded(ledger: Pick<Ledger, 'getRun'>, runId: string): Promise<RunView | undefined> {
  try {
    const view = await ledger.getRun(runId);
    return view.version < 0 ? undefined : view;
  } catch (error) {
    if (error instanceof BelayError && error.code === 'invalid_input') return undefined;
    throw error;
  }
}

export interface Rebuilt {
  runs: number;
  steps: number;
  /** Runs that no worker could say anything of. */
  problems: { runId: string; words: string }[];
}

/** Records again what Temporal's histories say: runs with their phases, evidence, errors and costs, and steps. What is newer stays. */
export async function rebuildLedger({
  client,
  ledger,
}: {
  client: Client;
  ledger: Pick<Ledger, 'recordRun' | 'recordStep'>;
}): Promise<Rebuilt> {
  const rebuilt: Rebuilt = { runs: 0, steps: 0, problems: [] };
  for await (const { runId, view, problem = '', steps } of runHistories({ client, withSteps: true })) {
    if (view) await ledger.recordRun(view);
    else rebuilt.problems.push({ runId, words: problem });
    for (const step of steps) await ledger.recordStep(step);
    rebuilt.runs += view ? 1 : 0;
    rebuilt.steps += steps.length;
  }
  return rebuilt;
}
