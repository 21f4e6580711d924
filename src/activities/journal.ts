import { Context, log } from '@temporalio/activity';
import type { LogLevel } from '../contracts/records.ts';
import type { StepRef } from '../contracts/work.ts';
import { plainText } from '../contracts/text.ts';
import type { Dependencies } from './dependencies.ts';

/** The log of one attempt of one step: to the ledger and to the run's readable log. */
export interface Journal {
  line(message: string, level?: LogLevel): void;
  /** Waits until everything is written. What could not be is no reason to lose the work it tells of: the worker's log says so. */
  flush(): Promise<void>;
}

export function createJournal({ ledger, files }: Pick<Dependencies, 'ledger' | 'files'>, { lease, number, phase }: StepRef): Journal {
  const { runId } = lease;
  const source = `${lease.executionId}/${number}/${Context.current().info.attempt}/${lease.epoch}`;
  let seq = 0;
  let written: Promise<void> = Promise.resolve();
  const write = async (level: LogLevel, message: string, at: Date, position: number): Promise<void> => {
    await ledger.appendLogs([{ runId, source, seq: position, at: at.toISOString(), level, phase, step: number, message }]);
    await files.appendLog({ runId, line: message, at });
  };
  return {
    line(message, level = 'info') {
      const at = new Date();
      const position = seq++;
      const text = plainText(message).slice(0, 2000);
      written = written.then(() => write(level, text, at, position)).catch(unwritten('A line of the log'));
    },
    flush: () => written,
  };
}

/** For records of what has happened: their loss is said, and changes nothing in the outcome. */
export const unwritten =
  (what: string) =>
  (error: unknown): void =>
    log.warn(`${what} could not be written`, { error });

/** Records a step with its beginning and its end, however it ends. Only a beginning that cannot be recorded fails it. */
export async function recordedStep<T>(
  { ledger }: Pick<Dependencies, 'ledger'>,
  { lease, number, name, phase }: StepRef,
  body: () => Promise<{ value: T; summary?: string }>,
): Promise<T> {
  const started = new Date();
  const since = performance.now();
  const record = { runId: lease.runId, number, name, phase, attempt: Context.current().info.attempt, startedAt: started.toISOString() };
  await ledger.recordStep({ ...record, status: 'running' });
  const end = (status: 'completed' | 'failed' | 'cancelled', summary?: string) => {
    const completed = new Date();
    const durationMs = Math.round(performance.now() - since);
    return ledger
      .recordStep({ ...record, status, completedAt: completed.toISOString(), durationMs, ...(summary ? { summary } : {}) })
      .catch(unwritten('The end of a step'));
  };
  try {
    const { value, summary } = await body();
    await end('completed', summary);
    return value;
  } catch (error) {
    await end(
      Context.current().cancellationSignal.aborted ? 'cancelled' : 'failed',
      error instanceof Error ? error.message.slice(0, 500) : undefined,
    );
    throw error;
  }
}
