import type { RunVersion } from '../contracts/run-state.ts';
import type { RunView } from '../contracts/run-view.ts';
import { stateAt } from '../contracts/versions.ts';
import type { ReaderContext } from './reader-context.ts';
import { EXIT } from './terminal.ts';

/** `belay show --history`: how a run stood after each phase and each order. As JSON with all that was known then. */
export async function showHistory({ ledger, terminal }: ReaderContext, { id }: RunView, { json }: { json: boolean }): Promise<number> {
  const versions = await ledger.listVersions(id);
  if (json) {
    const whole = versions.map(({ results: _results, facts: _facts, ...about }) => ({ ...about, ...stateAt(versions, about.version) }));
    terminal.out(JSON.stringify(whole, undefined, 2));
  } else if (versions.length === 0) terminal.out(`Run ${id} has no history yet: its first phase has not ended.`);
  else
    terminal.out(
      [...versions.map((version) => row(versions, version)), '', `belay rollback ${id} --version N    goes back to one`].join('\n'),
    );
  return EXIT.ok;
}

function row(versions: readonly RunVersion[], version: RunVersion): string {
  const { facts, results } = stateAt(versions, version.version);
  const cells = [
    String(version.version).padStart(3),
    version.at.slice(0, 19).replace('T', ' '),
    wordsOf(version).padEnd(32),
    (facts.checkpoint ?? '').slice(0, 12).padEnd(12),
    Object.keys(results).join(', '),
  ];
  return cells.join('  ').trimEnd();
}

function wordsOf({ what, phase, to, by, code }: RunVersion): string {
  const who = by ? ` by ${by}` : '';
  if (what === 'completed') return `${phase} completed`;
  if (what === 'parked') return `parked${phase ? ` in ${phase}` : ''}: ${code}`;
  if (what === 'retried') return phase ? `retried from ${phase}` : 'retried';
  if (what === 'rolled_back') return `went back to version ${to}${who}`;
  return what === 'continued' ? 'continued an earlier run' : 'ended';
}
