import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dependencies } from '../activities/dependencies.ts';
import { HOST_RECORD_FRESH_MS } from '../contracts/records.ts';
import type { HostRecord } from '../contracts/records.ts';
import type { MemoryWatch } from '../process/memory-watch.ts';

const LOOK_MS = 1000;
const MEBIBYTE = 1024 ** 2;
const ABOUT = 256 * MEBIBYTE;

const withoutNumbers = (words = ''): string => words.replaceAll(/\d[\d.]*/g, '');

export interface HostRecordOptions {
  deps: Pick<Dependencies, 'host' | 'ledger' | 'admission'>;
  memory: Pick<MemoryWatch, 'memory'>;
  onProblem: (error: unknown, message: string) => void;
}

/** Has the ledger know how much room this host has, while its worker serves: for those who ask why a run waits. */
export function recordHost({ deps, memory, onProblem }: HostRecordOptions): AsyncDisposable {
  const over = new AbortController();
  const { ledger, host, admission } = deps;
  const keepRecording = async (): Promise<void> => {
    let known: { words: string; at: number } | undefined;
    do {
      const { size: slots, held } = admission;
      const obstacle = admission.obstacle();
      const record: Omit<HostRecord, 'at'> = {
        id: host.id,
        name: hostname(),
        slots,
        held,
        runs: [...admission.runs],
        ...(obstacle ? { obstacle } : {}),
        memory: memory.memory(),
      };
      // Memory is never quite the same twice, nor are the words about it.
      const words = JSON.stringify([slots, record.runs, withoutNumbers(obstacle), Math.round(record.memory.usedBytes / ABOUT)]);
      const isOld = known && performance.now() - known.at > HOST_RECORD_FRESH_MS / 2;
      if (known?.words === words && !isOld) continue;
      try {
        await ledger.recordHost({ ...record, at: new Date().toISOString() });
        known = { words, at: performance.now() };
      } catch (error) {
        onProblem(error, 'The state of this host could not be recorded; it is tried again');
      }
    } while (await sleep(LOOK_MS, true, { signal: over.signal, ref: false }).catch(() => false));
  };
  const ended = keepRecording();
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await ended;
      await ledger.forgetHost(host.id).catch((error: unknown) => onProblem(error, 'That this host has stopped could not be recorded'));
    },
  };
}
