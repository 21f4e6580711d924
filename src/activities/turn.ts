import path from 'node:path';
import { z } from 'zod';
import { OUTPUT_SCHEMAS } from '../contracts/agent-outputs.ts';
import type { AgentInput } from '../contracts/work.ts';
import { BelayError } from '../contracts/errors.ts';
import type { EngineEvent, EngineResult } from '../engines/engine.ts';
import { runTurn } from '../engines/turn.ts';
import type { CallRate } from '../pacing/call-rate.ts';
import type { Command } from '../prompts/prompt.ts';
import { leftBy } from '../run-files/run-files.ts';
import type { NewArtifact } from '../run-files/run-files.ts';
import { dollars } from '../texts/words.ts';
import type { Dependencies } from './dependencies.ts';
import type { Journal } from './journal.ts';
import { unwritten } from './journal.ts';
import type { Spending, Spent } from './spending.ts';
import { watchBudget } from './budget.ts';
import { createTurnMeter } from './turn-meter.ts';
import type { Metered, TurnMeter } from './turn-meter.ts';

const MAX_TURN_WAIT_MS = 15_000;

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

/** One turn of the agent's CLI, its transcript kept and its cost recorded: while it goes on, and however it ends. */
export async function playTurn(turn: Turn, said: Said): Promise<TurnResult> {
  const began = performance.now();
  let sessionId = 'resume' in said ? said.resume : said.sessionId;
  const spent = (used: Metered): Spent => ({ ...used, durationMs: Math.round(performance.now() - began) });
  const meter = createTurnMeter((used) =>
    record(turn, sessionId, turn.spending.soFar(sessionId, spent(used)), false).catch(unwritten('The cost of a turn so far')),
  );
  const end = (used: Metered, success: boolean): Promise<void> =>
    // The sum in memory has it: an answer that is paid for is not lost for its record.
    record(turn, sessionId, turn.spending.add(sessionId, spent(used)), success).catch(unwritten('The cost of a turn'));
  try {
    const { usage, costUsd, text, json, ...result } = await run(turn, said, { meter, onSession: (id) => (sessionId = id) });
    await meter.stop();
    sessionId = result.sessionId;
    await end({ ...usage, costUsd }, true);
    return { sessionId, text, ...(json === undefined ? {} : { json }) };
  } catch (error) {
    const counted = await meter.stop();
    const used = (error instanceof BelayError ? error.usage : undefined) ?? counted?.used;
    if (used) await end(used, false);
    if (used && used === counted?.used && !counted.isPriced)
      turn.journal.line(
        'The turn ended without saying what it cost: its tokens are counted as far as they were told, its price is not.',
        'warn',
      );
    throw error;
  }
}

const PRICED_AT_END = (engine: string, leftUsd: number): string =>
  `${engine} says what a turn costs at its end only: until then its own limit of ${dollars(leftUsd)} bounds it, and the limits of time.`;

interface Listening {
  meter: TurnMeter;
  onSession: (id: string) => void;
}

async function run(turn: Turn, said: Said, { meter, onSession }: Listening): Promise<EngineResult> {
  const { deps, input, journal } = turn;
  const noted: Promise<void>[] = [];
  const engine = deps.engines[input.engine];
  const budget = watchBudget(input, turn.spending, meter);
  const signal = AbortSignal.any([turn.signal, budget.signal]);
  if (engine.pricing === 'at_end' && budget.leftUsd !== undefined) journal.line(PRICED_AT_END(engine.name, budget.leftUsd));
  const play = (): Promise<EngineResult> =>
    runTurn({
      engine,
      request: requestOf(turn, said, budget.leftUsd),
      processes: deps.processes,
      env: turn.env,
      limits: { idleMs: input.idleMs, totalMs: input.totalMs },
      transcriptFile: deps.files.artifactPath(transcriptOf(input)),
      signal,
      onEvent: (event) => {
        if (event.type === 'session') {
          onSession(event.sessionId);
          const note = turn.onSession(event.sessionId);
          // On a full disk it fails while the agent goes on; until its end is waited for below, nobody would hear of it.
          note.catch(() => {});
          noted.push(note);
        }
        if (event.type === 'usage') {
          meter.note(event);
          budget.look();
        }
        const line = lineOf(event);
        if (line) journal.line(line);
      },
    });
  try {
    return await deps.breakers('engine', input.engine).run(() => atRate(deps.agentCalls, { play, signal }));
  } finally {
    await Promise.all(noted);
  }
}

/** What has to wait for long waits as for a limit of the account's own: without a workspace. */
async function atRate<T>(rate: CallRate | undefined, { play, signal }: { play: () => Promise<T>; signal: AbortSignal }): Promise<T> {
  if (!rate) return play();
  const waitMs = rate.backlogMs();
  if (waitMs > MAX_TURN_WAIT_MS)
    throw new BelayError({
      code: 'engine_rate_limited',
      message: `Belay calls agents no more than ${rate.perMinute} times a minute, and others are waiting for that already.`,
      hint: 'The run goes on when it is its turn. BELAY_AGENT_CALLS_PER_MINUTE is the limit.',
      retryAt: new Date(Date.now() + waitMs),
    });
  await rate.paced(async () => {}, signal);
  return play();
}

async function record({ deps, input, command }: Turn, sessionId: string, totals: Spent, success: boolean): Promise<void> {
  await deps.ledger.recordSession({
    runId: input.step.lease.runId,
    step: input.step.number,
    sessionId,
    name: command.name,
    engine: input.engine,
    ...(input.model ? { model: input.model } : {}),
    ...totals,
    success,
  });
}

function requestOf({ deps, input, command, cwd }: Turn, said: Said, budgetUsd: number | undefined) {
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
    ...(budgetUsd === undefined ? {} : { budgetUsd }),
    ...(input.script ? { script: input.script } : {}),
    stateDir: path.join(deps.files.directory(input.step.lease.runId), 'engine'),
  };
}

/** Later attempts of the step go on in it. */
export const transcriptOf = ({ step, command }: AgentInput): NewArtifact => ({
  ...leftBy(step),
  kind: 'transcript',
  name: `${command}.jsonl`,
});

function lineOf(event: EngineEvent): string | undefined {
  if (event.type === 'text') return event.text.trim().slice(0, 500) || undefined;
  if (event.type === 'tool') return `→ ${event.name} ${event.summary}`.trim();
  if (event.type === 'retry') return `waits: ${event.message}`;
  return undefined;
}
