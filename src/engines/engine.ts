import type { BelayError } from '../contracts/errors.ts';

/** What an agent may do in the workspace during one turn. */
export type Permission = 'read' | 'edit' | 'run';

export interface EngineHealth {
  engine: string;
  installed: boolean;
  version?: string;
  /** The program that would be started. */
  path?: string;
  /** Unknown where the CLI cannot say without starting a conversation. */
  loggedIn: 'yes' | 'no' | 'unknown';
  /** How it would log in, such as `subscription` or `API key`. Never the credential. */
  login?: string;
  /** What to do, if anything is missing. */
  hint?: string;
}

export interface EngineRequest {
  /** The prompt template's name, such as `implement`. */
  command: string;
  prompt: string;
  /** The workspace. */
  cwd: string;
  permissions: readonly Permission[];
  model?: string;
  /** JSON Schema of the answer, for commands that answer as JSON. */
  schema?: Record<string, unknown>;
  /** A new session gets this id (a UUID) where the CLI lets us choose. */
  sessionId: string;
  /** Go on in this session instead of starting one. */
  resume?: string;
  /** USD this turn may cost, where the CLI can enforce it. */
  budgetUsd?: number;
  /** A folder of this run's, for what the engine has to keep between turns. */
  stateDir: string;
  /** The scripted engine's file. */
  script?: string;
}

export interface EngineCommand {
  file: string;
  args: string[];
  /** Added to the workspace's environment. */
  env: Record<string, string>;
  /** Written to standard input, which is then closed. */
  stdin: string;
}

export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
}

export type EngineEvent =
  | { type: 'session'; sessionId: string; model?: string }
  | { type: 'text'; text: string }
  | { type: 'tool'; name: string; summary: string }
  | { type: 'retry'; message: string }
  /** The account's limit is reached; `resetsAt` is ISO-8601 UTC. */
  | { type: 'limit'; resetsAt?: string }
  /** What one answer of the model has used so far; told again, with more, under the same id. Without a price where the CLI says none. */
  | { type: 'usage'; id: string; usage: Usage; costUsd?: number }
  | { type: 'result'; text: string; json?: unknown; isError: boolean; usage: Usage; costUsd: number; turns: number; raw: unknown }
  | { type: 'unknown'; line: string };

/** How the process ended, and what it said. */
export interface EngineEnd {
  exitCode: number | null;
  signal?: string;
  reason: 'exited' | 'stalled' | 'timed_out' | 'cancelled' | 'not_found';
  /** The last `result` event, if any. */
  result?: Extract<EngineEvent, { type: 'result' }>;
  sessionId?: string;
  /** From the last `limit` event. */
  resetsAt?: string;
  stderrTail: string;
}

export interface EngineResult {
  sessionId: string;
  text: string;
  /** The structured answer, when a schema was given and the CLI kept to it. */
  json?: unknown;
  usage: Usage;
  costUsd: number;
  turns: number;
}

/** Drives one agent CLI. Implementations know nothing of Temporal, prompts or pipelines. */
export interface Engine {
  readonly name: string;
  /** Whether its usage events say a price, by which a budget is kept to the moment, or only the result of a turn does. */
  readonly pricing: 'live' | 'at_end';
  /** Is the CLI there, and able to log in? Never starts a conversation. */
  check(): Promise<EngineHealth>;
  /** The process to start for one turn. Throws `BelayError` engine_not_installed. */
  command(request: EngineRequest): EngineCommand;
  /** One line of its standard output to zero or more events. Never throws: an unknown line is an `unknown` event. */
  parse(line: string): EngineEvent[];
  /** Why it ended. */
  outcome(end: EngineEnd): EngineResult | BelayError;
}
