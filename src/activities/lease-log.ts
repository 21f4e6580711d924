import type { LeaseRef } from '../contracts/lease.ts';
import type { Dependencies } from './dependencies.ts';
import { unwritten } from './journal.ts';

/** A fetch that takes longer than the first is worth a word; the next ones show that it goes on. */
const FIRST_MS = 10_000;
const NEXT_MS = 30_000;

type Logs = Pick<Dependencies, 'ledger' | 'files'>;

interface Lines {
  lease: LeaseRef;
  /** Lines of one source are told apart by number: one that is there already is not written again. */
  source: string;
  first?: number;
  lines: readonly string[];
}

/** Lines of the run's log about its workspace, before any step. */
export async function logAboutWorkspace({ ledger, files }: Logs, { lease, source, first = 0, lines }: Lines): Promise<void> {
  const { runId, executionId } = lease;
  const at = new Date().toISOString();
  const entries = lines.map((message, index) => {
    return { runId, source: `${executionId}/${source}`, seq: first + index, at, level: 'info' as const, message };
  });
  const write = async (): Promise<void> => {
    await ledger.appendLogs(entries);
    await files.appendLog({ runId, lines: entries });
  };
  await write().catch(unwritten('A line of the log'));
}

/** Takes what git says of a fetch about once a second, and writes now and then how far it is. */
export function fetchLog(logs: Logs, lease: LeaseRef): (line: string) => void {
  let next = performance.now() + FIRST_MS;
  let seq = 0;
  return (line) => {
    if (performance.now() < next) return;
    next = performance.now() + NEXT_MS;
    void logAboutWorkspace(logs, { lease, source: `fetch/${lease.epoch}`, first: seq++, lines: [`Fetching the repository: ${line}`] });
  };
}
