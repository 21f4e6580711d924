import type { LeaseRef } from '../contracts/lease.ts';
import type { Dependencies } from './dependencies.ts';
import { unwritten } from './journal.ts';

/** Lines of the run's log about its workspace, before any step. */
export async function logAboutWorkspace(
  { ledger, files }: Pick<Dependencies, 'ledger' | 'files'>,
  { lease, lines }: { lease: LeaseRef; lines: readonly string[] },
): Promise<void> {
  const { runId, executionId } = lease;
  const at = new Date();
  const entries = lines.map((message, seq) => {
    return { runId, source: `${executionId}/workspace`, seq, at: at.toISOString(), level: 'info' as const, message };
  });
  const write = async (): Promise<void> => {
    await ledger.appendLogs(entries);
    for (const line of lines) await files.appendLog({ runId, line, at });
  };
  await write().catch(unwritten('A line of the log'));
}
