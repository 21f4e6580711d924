import { BelayError } from '../contracts/errors.ts';
import type { Script, ScriptTurn } from './script.ts';

/** The `call`-th turn, counted from 0; the last one repeats. There is at least one. */
export function turnAt(turns: readonly ScriptTurn[], call: number): ScriptTurn {
  const found = turns[Math.min(call, turns.length - 1)];
  if (found) return found;
  throw invalid(['there are no turns']);
}

/** A command's turns. Throws script_invalid where there are none. */
export function turnsOf({ script, path, command }: { script: Script; path: string; command: string }): ScriptTurn[] {
  const turns = script[command];
  if (turns) return turns;
  throw invalid([`${path}: there are no turns for the command \`${command}\`; there are for ${Object.keys(script).join(', ') || 'none'}`]);
}

/** What is wrong with a script, or with playing it. */
export function invalid(problems: readonly string[], cause?: unknown): BelayError {
  return new BelayError({
    code: 'script_invalid',
    message: `The script cannot be played:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    hint: 'Mend the scripted engine’s file (BELAY_SCRIPT), then `belay retry` the run.',
    cause,
  });
}
