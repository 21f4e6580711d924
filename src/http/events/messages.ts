import { z } from 'zod';
import { BelayError } from '../../contracts/errors.ts';
import { cancelBody } from '../schemas/orders.ts';
import { runId } from '../schemas/run.ts';

/** How many runs one connection follows; who wants more follows all. */
export const MAX_RUNS = 100;

/** Given back with the answer, so that clients can tell answers apart. */
const ref = z.string().max(64).optional();
const runs = z.union([z.literal('all'), z.array(runId).min(1).max(MAX_RUNS)], 'must be "all", or a list of up to 100 ids of runs');

const message = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('subscribe'), ref, runs, after: z.int().min(0).optional() }),
  z.strictObject({ type: z.literal('unsubscribe'), ref, runs }),
  z.strictObject({ type: z.literal('run.cancel'), ref, run: runId, ...cancelBody.shape }),
  z.strictObject({ type: z.literal('ping'), ref }),
]);

/** What a client may say over a socket. */
export type ClientMessage = z.output<typeof message>;

/** What is answered, beside events, with the `ref` of what it answers. */
export type ServerMessage =
  | { type: 'subscribed'; runs: 'all' | readonly string[]; after: number }
  | { type: 'unsubscribed'; runs: 'all' | readonly string[] }
  | { type: 'run.cancelling'; run: string }
  | { type: 'pong' }
  | { type: 'error'; code: string; message: string; hint: string };

/** Throws invalid_input. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw invalid('The message is no JSON.', error);
  }
}

/** Throws invalid_input. */
export function messageOf(value: unknown): ClientMessage {
  const result = message.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message: problem }) => `${path.join('.') || 'message'}: ${problem}`);
  throw invalid(`The message is not as it should be: ${problems.join('; ').slice(0, 500)}.`);
}

/** Of a message that may be wrong otherwise. */
export const refOf = (value: unknown): string | undefined => z.looseObject({ ref }).safeParse(value).data?.ref;

export const invalid = (text: string, cause?: unknown): BelayError =>
  new BelayError({ code: 'invalid_input', message: text, hint: 'docs/events.md says what can be sent.', cause });
