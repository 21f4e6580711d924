import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BelayError } from '../contracts/errors.ts';
import { BoundedFile } from '../process/bounded-file.ts';
import type { ProcessTrees } from '../process/process-trees.ts';
import type { Engine, EngineEnd, EngineEvent, EngineRequest, EngineResult } from './engine.ts';
import { jsonInText } from './json-in-text.ts';

/** A structured answer arrives as one line; beyond this it is cut and counts as unknown. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
const MAX_TRANSCRIPT_BYTES = 64 * 1024 * 1024;

export interface Turn {
  engine: Engine;
  request: EngineRequest;
  processes: ProcessTrees;
  /** The workspace's environment; the engine adds its own. */
  env: Record<string, string>;
  limits: { idleMs: number; totalMs: number };
  /** Every line of the CLI is appended here, those of standard error as `{"type":"stderr","text"}`. */
  transcriptFile: string;
  signal?: AbortSignal;
  /** Must not throw: what it throws ends the turn. */
  onEvent?: (event: EngineEvent) => void;
}

/**
 * Runs one turn of an agent's CLI to its end. Throws the `BelayError` that says why there is no result, or the signal's
 * reason; the CLI's whole process tree is gone in every case.
 */
export async function runTurn(turn: Turn): Promise<EngineResult> {
  const { engine, request, processes, limits, signal } = turn;
  const command = engine.command(request);
  await Promise.all([mkdir(request.stateDir, { recursive: true }), mkdir(dirname(turn.transcriptFile), { recursive: true })]);
  using transcript = new BoundedFile(turn.transcriptFile, MAX_TRANSCRIPT_BYTES);
  // Written together: a write for each line would cost more than all the rest.
  let unwritten = '';
  const seen: Pick<EngineEnd, 'result' | 'sessionId' | 'resetsAt'> = {};
  const { exitCode, reason, stderrTail, ...end } = await processes.run({
    file: command.file,
    args: command.args,
    cwd: request.cwd,
    env: { ...turn.env, ...command.env },
    stdin: command.stdin,
    ...limits,
    ...(signal && { signal }),
    maxLineBytes: MAX_LINE_BYTES,
    onLine(line, stream) {
      unwritten += `${stream === 'stdout' ? line : JSON.stringify({ type: 'stderr', text: line })}\n`;
      if (stream === 'stderr') return;
      for (const event of engine.parse(line)) {
        remember(event, seen);
        turn.onEvent?.(event);
      }
    },
    onLines() {
      const lines = unwritten;
      unwritten = '';
      if (lines !== '') transcript.append(Buffer.from(lines));
    },
  });
  if (reason === 'cancelled') signal?.throwIfAborted();
  const outcome = engine.outcome({ exitCode, reason, stderrTail, ...(end.signal && { signal: end.signal }), ...seen });
  if (outcome instanceof Error) throw withUsage(outcome, seen.result);
  return request.schema ? withJson(outcome) : outcome;
}

/** A turn that failed after its answer was counted has cost something all the same. */
function withUsage({ code, message, hint, retryAt, cause }: BelayError, result: EngineEnd['result']): BelayError {
  const usage = result && { ...result.usage, costUsd: result.costUsd };
  return new BelayError({ code, message, cause, ...(hint ? { hint } : {}), ...(retryAt ? { retryAt } : {}), ...(usage ? { usage } : {}) });
}

function remember(event: EngineEvent, seen: Pick<EngineEnd, 'result' | 'sessionId' | 'resetsAt'>): void {
  if (event.type === 'result') seen.result = event;
  if (event.type === 'session') seen.sessionId = event.sessionId;
  if (event.type === 'limit' && event.resetsAt) seen.resetsAt = event.resetsAt;
}

/** For CLIs and models that answer a schema in prose. Whether the answer fits is checked by whoever asked. */
function withJson(result: EngineResult): EngineResult {
  if (result.json !== undefined) return result;
  const json = jsonInText(result.text);
  return json === undefined ? result : { ...result, json };
}
