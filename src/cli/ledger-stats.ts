import type { PipelineStatistics } from '../contracts/service-records.ts';
import { dollars, thousands } from '../texts/words.ts';
import type { ReaderContext } from './reader-context.ts';
import { EXIT } from './terminal.ts';

/** `belay ledger stats`. */
export async function ledgerStats(
  { ledger, terminal }: ReaderContext,
  { since, json }: { since?: number; json: boolean },
): Promise<number> {
  const from = since === undefined ? undefined : new Date(Date.now() - since).toISOString();
  const [pipelines, rows] = [await ledger.statistics(from === undefined ? {} : { from }), await ledger.countRows()];
  if (json) {
    terminal.out(JSON.stringify({ ...(from === undefined ? {} : { from }), pipelines, rows }, undefined, 2));
    return EXIT.ok;
  }
  const sizes = Object.entries(rows).map(([table, count]) => `${table} ${thousands(count)}`);
  terminal.out([...(pipelines.length === 0 ? ['No runs.'] : pipelines.map(line)), '', `Rows: ${sizes.join(', ')}`].join('\n'));
  return EXIT.ok;
}

function line({ pipeline, runs, completed, failed, cancelled, open, costUsd }: PipelineStatistics): string {
  const closed = runs - open;
  const rate = closed === 0 ? '' : ` (${Math.round((completed / closed) * 100)} % of those that are closed)`;
  return `${pipeline}: ${thousands(runs)} runs, ${completed} completed${rate}, ${failed} failed, ${cancelled} cancelled, ${open} open, ${dollars(costUsd)}`;
}
