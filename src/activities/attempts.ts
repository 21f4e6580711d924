import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import writeFileAtomic from 'write-file-atomic';
import type { Asked, LeaseTicket } from '../contracts/lease.ts';
import { failureOf } from './failures.ts';

interface Attempt {
  workflowId: string;
  runId: string;
  activityId: string;
}

/** Often enough to see a cancel within a second; far below the heartbeat limit. */
const HEARTBEAT_MS = 1000;

const folder = (home: string): string => path.join(home, 'attempts');

/**
 * Wraps what runs long on a host: it beats on a timer, sees its cancellation as a signal, has its errors typed, and is noted
 * on disk while it runs, so that the next worker of this home can report it as failed at once.
 */
export function createHostActivity({ home, maxWaitMs = 0 }: { home: string; maxWaitMs?: number }) {
  return function hostActivity<I, O>(body: (input: I, signal: AbortSignal) => Promise<O>): (input: Asked<I>) => Promise<O> {
    return async (input) => {
      const context = Context.current();
      // What is local to the worker that decides ends with it: nobody waits for its beats, or can report it.
      const { isLocal } = context.info;
      const timer = isLocal ? undefined : setInterval(() => context.heartbeat(), HEARTBEAT_MS);
      const note = noteOf(home, context);
      try {
        if (!isLocal) await writeNote(note);
        return await body(completed(input, context), context.cancellationSignal);
      } catch (error) {
        throw failureOf(context.cancellationSignal.aborted ? context.cancellationSignal.reason : error, { maxWaitMs });
      } finally {
        clearInterval(timer);
        await rm(note.file, { force: true });
      }
    };
  };
}

/** The lease in the input, with what every call knows of its run: histories need not say it again with each. */
function completed<I>(input: Asked<I>, { info }: Context): I {
  const { workflowId, runId: executionId } = info.workflowExecution ?? {};
  const complete = (lease: LeaseTicket): object => ({ workflowId, executionId, ...lease });
  const asked = input as { lease?: LeaseTicket; step?: { lease: LeaseTicket } } | undefined;
  if (asked?.lease) return { ...asked, lease: complete(asked.lease) } as I;
  if (asked?.step) return { ...asked, step: { ...asked.step, lease: complete(asked.step.lease) } } as I;
  return input as I;
}

async function writeNote({ file, attempt }: { file: string; attempt: Attempt }): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFileAtomic(file, JSON.stringify(attempt), { fsync: false });
}

function noteOf(home: string, { info }: Context): { file: string; attempt: Attempt } {
  const { workflowId = '', runId = '' } = info.workflowExecution ?? {};
  const { activityId, attempt } = info;
  // An attempt that the server has given up may end while the next one works: each has a note of its own.
  const name = `${runId}-${activityId}-${attempt}.json`;
  return { file: path.join(folder(home), name), attempt: { workflowId, runId, activityId } };
}

interface Predecessors {
  home: string;
  client: Client;
  warn: (error: unknown, message: string) => void;
}

/**
 * Reports what the worker before this one left running as failed, so that recovery does not wait for heartbeats; what cannot be
 * reported is left to them. Call it only once that worker's process trees are gone. Resolves to how many were reported.
 */
export async function failPredecessors({ home, client, warn }: Predecessors): Promise<number> {
  await mkdir(folder(home), { recursive: true });
  const files = (await readdir(folder(home))).filter((file) => file.endsWith('.json'));
  const reported = await Promise.all(
    files.map(async (file) => {
      const where = path.join(folder(home), file);
      try {
        return await failAttempt(client, JSON.parse(await readFile(where, 'utf8')) as Attempt);
      } catch (error) {
        warn(error, `The attempt of ${file} could not be reported as failed; its missing heartbeats will tell`);
        return false;
      } finally {
        await rm(where, { force: true });
      }
    }),
  );
  return reported.filter(Boolean).length;
}

/** False where nothing was left to report. The run gives the same call again at once. */
export async function failAttempt(client: Client, attempt: Attempt): Promise<boolean> {
  // By its type the workflow knows that nothing failed: of a plain error, whatever its name, only `Error` would arrive.
  const failure = ApplicationFailure.create({ message: 'The worker was restarted.', type: 'WorkerRestarted' });
  try {
    await forgetStickyQueue(client, attempt);
    await client.activity.fail(attempt, failure);
    return true;
  } catch (error) {
    // It had ended, or its run had: nothing is left to report.
    if (error instanceof Error && error.name === 'ActivityNotFoundError') return false;
    throw error;
  }
}

/** The run's next decision would wait two seconds for the worker that had it in its cache. Where this cannot be asked for, it does. */
async function forgetStickyQueue(client: Client, { workflowId, runId }: Attempt): Promise<void> {
  const { namespace } = client.options;
  await client.workflowService.resetStickyTaskQueue({ namespace, execution: { workflowId, runId } }).catch(() => {});
}
