import { rebuildLedger, verifyLedger } from '../upkeep/ledger-check.ts';
import type { Context } from './context.ts';
import { openSession } from './session.ts';
import { EXIT } from './terminal.ts';

/** `belay ledger verify`: exits with 1 where the two differ. */
export async function ledgerVerify(context: Context, { json }: { json: boolean }): Promise<number> {
  const { ledger, terminal } = context;
  await using session = await openSession(context);
  const checked = await verifyLedger({ client: session.client, ledger });
  const { runs, differences } = checked;
  if (json) terminal.out(JSON.stringify(checked, undefined, 2));
  else {
    for (const { runId, words, workflowId } of differences) terminal.out(`${runId}  ${workflowId}  ${words}`);
    terminal.out(`${runs} ${runs === 1 ? 'run' : 'runs'} in Temporal; the ledger differs in ${differences.length}.`);
    if (differences.length > 0) terminal.note('`belay ledger rebuild` records them again. A run that is at work may just have gone on.');
  }
  return differences.length === 0 ? EXIT.ok : EXIT.failed;
}

/** `belay ledger rebuild`: exits with 1 where a run could not be asked. */
export async function ledgerRebuild(context: Context, { json }: { json: boolean }): Promise<number> {
  const { ledger, terminal } = context;
  await using session = await openSession(context);
  const rebuilt = await rebuildLedger({ client: session.client, ledger });
  const { runs, steps, problems } = rebuilt;
  if (json) terminal.out(JSON.stringify(rebuilt, undefined, 2));
  else {
    for (const { runId, words } of problems) terminal.out(`${runId}  could not be asked: ${words}`);
    terminal.out(`${runs} ${runs === 1 ? 'run' : 'runs'} and ${steps} steps are recorded.`);
  }
  return problems.length === 0 ? EXIT.ok : EXIT.failed;
}
