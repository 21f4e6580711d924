import { fileURLToPath } from 'node:url';
import { extname } from 'node:path';
import { z } from 'zod';
import { ERRORS } from '../contracts/error-catalogue.ts';
import { BelayError } from '../contracts/errors.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import { endedByUs, lastLines } from './ended.ts';
import type { Engine, EngineCommand, EngineEnd, EngineEvent, EngineHealth, EngineRequest, EngineResult } from './engine.ts';
import { loadScript } from './script.ts';
import type { ScriptTurn } from './script.ts';
import { invalid } from './script-turns.ts';

/** Linux refuses an argument of 128 KiB; the rest of the call needs little. */
const MAX_ARGUMENT_BYTES = 64 * 1024;

export interface ScriptedOptions {
  /** The script, for requests that name none. */
  script?: string;
  /** A folder that nobody else can write to, for the agent's compiled code: loading it is most of a turn. */
  compiled?: string;
}

/** What the agent's process is told, as its one argument. */
export interface ScriptedCall {
  script: string;
  command: string;
  stateDir: string;
  sessionId: string;
  permissions: readonly string[];
  /** Of the command, read and checked. Without them, the agent reads its script itself, and says what is wrong with it. */
  turns?: ScriptTurn[];
}

const usage = z.object({ inputTokens: z.number(), outputTokens: z.number(), cacheReadTokens: z.number(), cacheWriteTokens: z.number() });

/** The lines that the agent's process emits, in the spirit of claude's. */
export const scriptedLine = z.discriminatedUnion('type', [
  z.object({ type: z.literal('init'), sessionId: z.string() }),
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('tool'), name: z.string(), summary: z.string() }),
  z.object({ type: z.literal('usage'), id: z.string(), usage, costUsd: z.number() }),
  z.object({
    type: z.literal('result'),
    text: z.string(),
    json: z.unknown().optional(),
    usage,
    costUsd: z.number(),
    error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional(), resetAt: z.string().optional() }).optional(),
  }),
]);
export type ScriptedLine = z.infer<typeof scriptedLine>;
type ResultLine = Extract<ScriptedLine, { type: 'result' }>;

/** Plays a script instead of asking a model, in a process of its own: streams, kills and trees are real, and nothing costs. */
export function createScripted(options: ScriptedOptions): Engine {
  return {
    name: 'scripted',
    pricing: 'live',
    check: async () => checkScript(options),
    command: (request) => commandOf(request, options),
    parse: parseScriptedLine,
    outcome: scriptedOutcome,
  };
}

function checkScript({ script }: ScriptedOptions): EngineHealth {
  const health: EngineHealth = { engine: 'scripted', installed: true, version: process.version, path: process.execPath, loggedIn: 'yes' };
  if (!script) return { ...health, hint: 'Name its script with BELAY_SCRIPT.' };
  try {
    loadScript(script);
    return health;
  } catch (error) {
    if (!(error instanceof BelayError)) throw error;
    return { ...health, installed: false, hint: error.message };
  }
}

function commandOf(request: EngineRequest, options: ScriptedOptions): EngineCommand {
  const script = request.script ?? options.script;
  if (!script) throw invalid(['no script is named: set BELAY_SCRIPT']);
  const { command, stateDir, permissions, prompt, resume, sessionId } = request;
  const turns = turnsFor(script, command);
  const call: ScriptedCall = {
    script,
    command,
    stateDir,
    permissions,
    sessionId: resume ?? sessionId,
    ...(turns ? { turns } : {}),
  };
  // Coverage of cached code is not exact, so none is taken; Node would hand its variable on by itself.
  const env = options.compiled ? { NODE_COMPILE_CACHE: options.compiled, NODE_V8_COVERAGE: '' } : {};
  const agent = fileURLToPath(new URL(`./scripted-agent${extname(import.meta.url)}`, import.meta.url));
  return { file: process.execPath, args: [agent, JSON.stringify(call)], env, stdin: prompt };
}

/** Undefined where the script is invalid, or they are too much for an argument. */
function turnsFor(script: string, command: string): ScriptTurn[] | undefined {
  try {
    const turns = loadScript(script)[command];
    return turns && Buffer.byteLength(JSON.stringify(turns)) <= MAX_ARGUMENT_BYTES ? turns : undefined;
  } catch (error) {
    if (error instanceof BelayError) return undefined;
    throw error;
  }
}

function parseScriptedLine(line: string): EngineEvent[] {
  const parsed = scriptedLine.safeParse(jsonOf(line)).data;
  if (!parsed) return [{ type: 'unknown', line }];
  if (parsed.type === 'init') return [{ type: 'session', sessionId: parsed.sessionId }];
  if (parsed.type !== 'result') return [parsed];
  const { text, json, costUsd, error } = parsed;
  return [
    ...(error?.resetAt ? [{ type: 'limit', resetsAt: error.resetAt } as const] : []),
    {
      type: 'result',
      text,
      ...(json !== undefined && { json }),
      isError: error !== undefined,
      usage: parsed.usage,
      costUsd,
      turns: 1,
      raw: parsed,
    },
  ];
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function scriptedOutcome(end: EngineEnd): EngineResult | BelayError {
  const { result } = end;
  if (!result) return endedByUs('scripted', end) ?? withoutResult(end);
  // Only lines that `parse` has checked become results.
  const { error } = result.raw as ResultLine;
  if (error) return errorOf(error);
  const { text, json, usage: used, costUsd, turns } = result;
  return { sessionId: end.sessionId ?? '', text, ...(json !== undefined && { json }), usage: used, costUsd, turns };
}

function errorOf({ code, message, hint, resetAt }: NonNullable<ResultLine['error']>): BelayError {
  return new BelayError({
    code: isErrorCode(code) ? code : 'internal',
    message,
    ...(hint && { hint }),
    ...(resetAt && { retryAt: new Date(resetAt) }),
  });
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);

function withoutResult({ exitCode, signal, stderrTail }: EngineEnd): BelayError {
  const said = lastLines(stderrTail);
  if (exitCode === 0) {
    return new BelayError({
      code: 'engine_invalid_output',
      message: 'scripted ended without a result',
      hint: 'The script asked for this.',
    });
  }
  const message = `scripted ended with ${signal ? `signal ${signal}` : `exit code ${exitCode}`}${said ? `: ${said}` : ''}`;
  return new BelayError({ code: 'engine_crashed', message, hint: 'It is tried again.' });
}
