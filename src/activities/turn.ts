import path from 'node:path';
import { z } from 'zod';
import { OUTPUT_SCHEMAS } from '../contracts/agent-outputs.ts';
import type { AgentInput } from '../contracts/work.ts';
import type { EngineEvent, Usage } from '../engines/engine.ts';
import { runTurn } from '../engines/turn.ts';
import type { Command } from '../prompts/prompt.ts';
import type { Dependencies } from './dependencies.ts';
import type { Journal } from './journal.ts';

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
  /** What the turns before this one used, for a session's record holds the step's totals. */
  spent: Spent;
}

export interface Spent extends Usage {
  costUsd: number;
  durationMs: number;
}

export const nothingSpent = (): Spent => ({
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  costUsd: 0,
  durationMs: 0,
});

export interface TurnResult {
  sessionId: string;
  text: string;
  json?: unknown;
  costUsd: number;
  /** All kinds of them. */
  tokens: number;
}

type Said = { prompt: string } & ({ resume: string } | { sessionId: string });

/** One turn of the agent's CLI, its transcript kept and its cost recorded. */
export async function playTurn(turn: Turn, said: Said): Promise<TurnResult> {
  const { deps, input, command, journal, signal } = turn;
  const { runId } = input.step.lease;
  const began = Date.now();
  const noted: Promise<void>[] = [];
  const result = await runTurn({
    engine: deps.engines[input.engine],
    request: requestOf(turn, said),
    processes: deps.processes,
    env: turn.env,
    limits: { idleMs: input.idleMs, totalMs: input.totalMs },
    transcriptFile: deps.files.transcriptPath({ runId, step: input.step.number, command: input.command }),
    signal,
    onEvent: (event) => {
      if (event.type === 'session') noted.push(turn.onSession(event.sessionId));
      const line = lineOf(event);
      if (line) journal.line(line);
    },
  });
  await Promise.all(noted);
  const { usage, sessionId, costUsd, text, json } = result;
  add(turn.spent, { ...usage, costUsd, durationMs: Date.now() - began });
  const record = {
    runId,
    step: input.step.number,
    sessionId,
    name: command.name,
    engine: input.engine,
    ...(input.model ? { model: input.model } : {}),
  };
  await deps.ledger.recordSession({ ...record, ...turn.spent, success: true });
  const tokens = usage.inputTokens + usage.outputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
  return { sessionId, text, costUsd, tokens, ...(json === undefined ? {} : { json }) };
}

function add(spent: Spent, more: Spent): void {
  for (const key of Object.keys(more) as (keyof Spent)[]) spent[key] += more[key];
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
