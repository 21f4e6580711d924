/** The scripted engine's agent. Argument: a `ScriptedCall` as JSON. Working folder: the workspace. Standard input: the prompt. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { BelayError } from '../contracts/errors.ts';
import { BoundedTail } from '../process/bounded-tail.ts';
import type { ScriptTurn } from './script.ts';
import { turnAt, turnsOf } from './script-turns.ts';
import type { ScriptedCall, ScriptedLine } from './scripted.ts';
import { editsOf } from './scripted-edits.ts';
import { CallCounter } from './scripted-state.ts';

const NOTHING_USED = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
/** How long to read on after a command's exit: a daemon it left may hold its output open for ever. */
const DRAIN_MS = 100;
const OUTPUT_TAIL_BYTES = 2000;

// For this process alone, not for what it runs.
delete process.env['NODE_COMPILE_CACHE'];
const call = JSON.parse(process.argv[2] ?? '') as ScriptedCall;
await emit({ type: 'init', sessionId: call.sessionId });
try {
  await playNext();
} catch (error) {
  if (!(error instanceof BelayError)) throw error;
  const { code, message, hint } = error;
  await emit({ type: 'result', text: message, usage: NOTHING_USED, costUsd: 0, error: { code, message, ...(hint && { hint }) } });
  process.exitCode = 1;
}

async function playNext(): Promise<void> {
  const turns = call.turns ?? (await turnsInScript());
  const counter = new CallCounter(call);
  const { call: number, isReplay } = counter.begin();
  const turn = turnAt(turns, number);
  await work(turn, isReplay);
  await answer(turn);
  // Only now: whoever is killed before this line has not completed the turn.
  counter.complete(number);
}

/** Reading and checking takes far longer than a turn: only where nobody has done it before. */
async function turnsInScript(): Promise<ScriptTurn[]> {
  const { loadScript } = await import('./script.ts');
  return turnsOf({ script: loadScript(call.script), path: call.script, command: call.command });
}

async function work(turn: ScriptTurn, isReplay: boolean): Promise<void> {
  const { emitLines = 0, delayMs = 0, run, hang, usage } = turn;
  for (let line = 1; line <= emitLines; line++) await emit({ type: 'text', text: `line ${line} of ${emitLines}` });
  if (delayMs > 0) await sleep(delayMs);
  for (const { tool, path, apply } of editsOf(turn, { workspace: process.cwd(), isReplay })) {
    permit('edit', `${tool} ${path}`);
    apply();
    await emit({ type: 'tool', name: tool, summary: path });
  }
  if (run !== undefined) await runCommand(run);
  // Who is killed leaves no result that would tell what it used.
  if (hang && usage) await emit({ type: 'usage', id: 'whole', ...usageOf(usage) });
  // `once` hangs only until it is killed.
  if (hang === true || (hang === 'once' && !isReplay)) for (;;) await sleep(60_000);
}

/** As a real CLI would with the tools it was given. */
function permit(permission: string, what: string): void {
  if (call.permissions.includes(permission)) return;
  throw new BelayError({
    code: 'engine_refused',
    message: `scripted refused: ${call.command} may only ${call.permissions.join(' and ') || 'answer'}, but its turn wants to ${what}`,
    hint: 'Take the edit out of the script, or allow it in the command’s front matter.',
  });
}

/** Its exit code is no reason to stop: agents run failing tests. What it leaves in the background stays there. */
async function runCommand(command: string): Promise<void> {
  permit('run', `run ${command}`);
  const shell = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
  const tail = new BoundedTail(OUTPUT_TAIL_BYTES);
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk: Buffer) => tail.push(chunk));
  const closed = once(shell, 'close');
  const [exitCode, signal] = (await once(shell, 'exit')) as [number | null, string | null];
  await Promise.race([closed, sleep(DRAIN_MS)]);
  shell.stdout.destroy();
  shell.stderr.destroy();
  await emit({ type: 'tool', name: 'Bash', summary: `${command} → ${signal ?? exitCode}\n${tail.toString()}`.trim() });
}

async function answer({ say, json, fail, usage }: ScriptTurn): Promise<void> {
  const spent = usageOf(usage);
  if (fail?.code === 'engine_crashed') {
    process.stderr.write(`${fail.message ?? 'the script asked for a crash'}\n`);
    process.exitCode = 70;
    return;
  }
  if (fail?.code === 'engine_invalid_output') return;
  const text = say ?? (json === undefined ? '' : JSON.stringify(json));
  if (text) await emit({ type: 'text', text });
  await emit({ type: 'result', text, ...(json !== undefined && { json }), ...spent, ...(fail && { error: errorOf(fail) }) });
  if (fail) process.exitCode = 1;
}

function usageOf(given: ScriptTurn['usage']): Pick<Extract<ScriptedLine, { type: 'usage' }>, 'usage' | 'costUsd'> {
  const { costUsd, ...usage } = given ?? { ...NOTHING_USED, costUsd: 0 };
  return { usage, costUsd };
}

function errorOf({ code, message = `the script asked for ${code}`, resetAt, resetAfterMs }: NonNullable<ScriptTurn['fail']>) {
  const at = resetAt ?? (resetAfterMs === undefined ? undefined : new Date(Date.now() + resetAfterMs).toISOString());
  return { code, message, hint: 'The script asked for this.', ...(at && { resetAt: at }) };
}

async function emit(line: ScriptedLine): Promise<void> {
  if (!process.stdout.write(`${JSON.stringify(line)}\n`)) await once(process.stdout, 'drain');
}
