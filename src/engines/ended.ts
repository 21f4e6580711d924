import { BelayError } from '../contracts/errors.ts';
import type { EngineEnd } from './engine.ts';

/** Why a CLI of any kind gave no result, when we ended it or could not start it; undefined when it ended by itself. */
export function endedByUs(engine: string, { reason }: EngineEnd): BelayError | undefined {
  if (reason === 'exited') return undefined;
  if (reason === 'not_found') return notInstalled(engine);
  return new BelayError({ ...ENDINGS[reason], message: `${engine} ${ENDINGS[reason].message}` });
}

const ENDINGS = {
  stalled: {
    code: 'engine_stalled',
    message: 'said nothing for longer than the idle limit and was ended',
    hint: 'It is tried again. If it happens with the same prompt, see the transcript for what it was doing.',
  },
  timed_out: {
    code: 'engine_timed_out',
    message: 'worked for longer than the limit of one turn and was ended',
    hint: 'It is tried again, in the same session. Smaller issues take less time.',
  },
  cancelled: { code: 'engine_crashed', message: 'was ended together with the worker', hint: 'It is tried again.' },
} as const;

/** `path` is the program that was asked for, if a certain one was. */
export function notInstalled(engine: string, { path, hint }: { path?: string; hint?: string } = {}): BelayError {
  return new BelayError({
    code: 'engine_not_installed',
    message: path ? `${engine} cannot be started: there is no program at ${path}` : `${engine} is not installed, or not on the PATH`,
    hint: hint ?? 'Run `belay doctor` for what is missing.',
  });
}

/** The last lines of a text, for messages. */
export function lastLines(text: string, maxLength = 500): string {
  return text.trim().split('\n').slice(-5).join('\n').slice(-maxLength);
}
