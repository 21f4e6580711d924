import path from 'node:path';
import { z } from 'zod';
import { OUTPUT_SCHEMAS } from '../contracts/agent-outputs.ts';
import type { AgentInput } from '../contracts/work.ts';
import { BelayError } from '../contracts/errors.ts';
import type { EngineEvent, EngineResult } from '../engines/engine.ts';
import { runTurn } from '../engines/turn.ts';
import type { Command } from '../prompts/prompt.ts';
import type { Dependencies } from './dependencies.ts';
import type { Journal } from './journal.ts';
import { unwritten } from './journal.ts';
import type { Spending, Spent } from './spending.ts';

/** What the turns of one step share. */
export interface Turn {
  deps: Dependencies;
  input: AgentInput;
  command: Command;
  cwd: string;
  env: Record<string, string>;
  journal: Journal;
  signal: AbortSignal;
  onSession: (id: string) => Promise<void>;
  spending: Spending;
}

export interface TurnResult {
  sessionId: string;
  text: string;
  json?: unknown;
}

export type Said = { prompt: string } & ({ resume: string } | { sessionId: string });

/** One turn of the agent's CLI, its transcript kept and its cost recorded, also where it fails. */
export async function playTurn(turn: Turn, said: Said): Promise<TurnResult> {
  const began = performance.now();
  let sessionId = 'resume' in said ? said.resume : said.sessionId;
  try {
    const { usage, costUsd, text, json, ...result } = await run(turn, said, (id) => (sessionId = id));
    await record(turn, result.sessionId, { ...usage, costUsd, durationMs: Math.round(performance.now() - began) }, true);
    return { sessionId: result.sessionId, text, ...(json === undefined ? {} : { json }) };
  } catch (error) {
    if (error instanceof BelayError && error.usage)
      await record(turn, sessionId, { ...error.usage, durationMs: Math.round(performance.now() - began) }, false).catch(
        unwritten('The cost of a turn'),
      );
    throw error;
  }
}

async function run(turn: Turn, said: Said, onSession: (id: string) => void): Promise<EngineResult> {
  const { deps, input, journal, signal } = turn;
  const noted: Promise<void>[] = [];
  try {
    return await runTurn({
      engine: deps.engines[input.engine],
      request: requestOf(turn, said),
      processes: deps.processes,
      env: turn.env,
      limits: { idleMs: input.idleMs, totalMs: input.totalMs },
      transcriptFile: deps.files.transcriptPath({ runId: input.step.lease.runId, step: input.step.number, command: input.command }),
      signal,
      onEvent: (event) => {
        if (event.type === 'session') {
          onSession(event.sessionId);
          noted.push(turn.onSession(event.sessionId));
        }
        const line = lineOf(event);
        if (line) journal.line(line);
      },
    });
  } finally {
    await Promise.all(noted);
  }
}

async function record({ deps, input, command, spending }: Turn, sessionId: string, spent: Spent, success: boolean): Promise<void> {
  await deps.ledger.recordSession({
    runId: input.step.lease.runId,
    step: input.step.number,
    sessionId,
    name: command.name,
    engine: input.engine,
    ...(input.model ? { model: input.model } : {}),
    ...spending.add(sessionId, spent),
    success,
  });
}

function requestOf({ deps, input, command, cwd }: Turn, said: Said) {
  return {
    command: command.name,
    prompt: said.prompt,
    cwd,
    permissions: command.permissions,
    sessionId: 'resume' in said ? said.resume : said.sessionId,
    ...('resume' in said ? { resume: said.resume } : {}),
    ...(input.model ? { model: input.model } : {}),
    ...(command.output === 'text'
      ? {}
      : { schema: z.toJSONSchema(OUTPUT_SCHEMAS[command.output], { io: 'input' }) as Record<string, unknown> }),
    ...(input.budgetUsd === undefined ? {} : { budgetUsd: input.budgetUsd }),
    ...(input.script ? { script: input.script } : {}),
    stateDir: path.join(deps.files.directory(input.step.lease.runId), 'engine'),
  };
}

function lineOf(event: EngineEvent): string | undefined {
  if (event.type === 'text') return event.text.trim().slice(0, 500) || undefined;
  if (event.type === 'tool') return `→ ${event.name} ${event.summary}`.trim();
  if (event.type === 'retry') return `waits: ${event.message}`;
  return undefined;
}
