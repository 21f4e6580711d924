import { setTimeout as sleep } from 'node:timers/promises';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import type { ReaderContext } from './reader-context.ts';
import { EXIT } from './terminal.ts';

const POLL_MS = 300;

/** `belay logs`: what a run has said, and with `--follow` what it says until it rests. */
export async function logs(
  { ledger, terminal }: ReaderContext,
  id: string,
  { follow, json }: { follow: boolean; json: boolean },
): Promise<number> {
  const { id: runId } = await ledger.getRun(id);
  let after: number | undefined;
  for (;;) {
    // Asked before reading, so that nothing said before the end is missed.
    const { status } = await ledger.getRun(runId);
    const entries = await ledger.readLogs({ runId, ...(after === undefined ? {} : { after }) });
    for (const entry of entries) {
      terminal.out(
        json
          ? JSON.stringify(entry)
          : `${entry.at.slice(11, 19)} ${entry.level === 'info' ? '' : `${entry.level} `}${(entry.phase ?? '').padEnd(9)} ${entry.message}`,
      );
      after = entry.position;
    }
    if (entries.length > 0) continue;
    if (!follow || CLOSED_STATUSES.includes(status) || status === 'parked') return EXIT.ok;
    await sleep(POLL_MS);
  }
}
