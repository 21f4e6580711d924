import { existsSync } from 'node:fs';
import { Context, log } from '@temporalio/activity';
import type { LogEntry, LogLevel } from '../contracts/records.ts';
import type { StepRef } from '../contracts/work.ts';
import { plainText } from '../contracts/text.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { NewArtifact, RunFiles } from '../run-files/run-files.ts';
import type { Dependencies } from './dependencies.ts';

/** The log of one attempt of one step: to the ledger and to the run's readable log. */
export interface Journal {
  line(message: string, level?: LogLevel): void;
  /** Waits until everything is written that was not left out. What could not be is no reason to lose the work it tells of: the worker's log says so. */
  flush(): Promise<void>;
}

/** More lines than this do not wait to be written: an agent may say them faster than any disk takes them. */
const MAX_WAITING = 2000;
const LINES_A_WRITE = 500;
const MAX_LINE = 2000;

export function createJournal(
  { ledger, files }: { ledger: Pick<Ledger, 'appendLogs'>; files: Pick<RunFiles, 'appendLog'> },
  { lease, number, phase }: StepRef,
): Journal {
  const { runId } = lease;
  const source = `${lease.executionId}/${number}/${Context.current().info.attempt}/${lease.epoch}`;
  const waiting: LogEntry[] = [];
  let seq = 0;
  let leftOut = 0;
  let writing: Promise<void> | undefined;

  async function write(entries: readonly LogEntry[]): Promise<void> {
    await ledger.appendLogs(entries);
    await files.appendLog({ runId, lines: entries });
  }

  async function writeOn(): Promise<void> {
    while (waiting.length > 0) {
      await write(waiting.splice(0, LINES_A_WRITE)).catch(unwritten('A part of the log'));
      if (waiting.length === 0) sayLeftOut();
    }
    writing = undefined;
  }

  function enter(level: LogLevel, message: string): void {
    waiting.push({ runId, source, seq: seq++, at: new Date().toISOString(), level, phase, step: number, message });
    writing ??= writeOn();
  }

  function sayLeftOut(): void {
    if (leftOut === 0) return;
    const count = leftOut;
    leftOut = 0;
    enter('info', `[${count} lines came faster than they could be written, and are left out here]`);
  }

  return {
    line(message, level = 'info') {
      if (level === 'info' && waiting.length >= MAX_WAITING) {
        leftOut++;
        return;
      }
      sayLeftOut();
      enter(level, plainText(message).slice(0, MAX_LINE));
    },
    async flush() {
      await writing;
    },
  };
}

/** For records of what has happened: their loss is said, and changes nothing in the outcome. */
export const unwritten =
  (what: string) =>
  (error: unknown): void =>
    log.warn(`${what} could not be written`, { error });

/** Registers what a command said, where it has said anything. */
export async function recordOutput({ ledger, files }: Pick<Dependencies, 'ledger' | 'files'>, output: NewArtifact): Promise<void> {
  if (existsSync(files.artifactPath(output))) await ledger.recordArtifact(await files.describeArtifact(output));
}

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
