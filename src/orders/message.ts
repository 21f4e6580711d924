import { MAX_MESSAGE, MESSAGE_SIGNAL } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { OrderOf } from './open-run.ts';
import { openView, signalRun } from './open-run.ts';

/** Tells the agent of an open run something, at its next turn. Throws wrong_state, and invalid_input for what is empty or too long. */
export async function messageRun({ text, ...order }: OrderOf & { text: string }): Promise<void> {
  requireMessage(text);
  await openView(order);
  await signalRun({ ...order, name: MESSAGE_SIGNAL, order: { text } });
}

export function requireMessage(text: string): void {
  if (text.trim() !== '' && text.length <= MAX_MESSAGE) return;
  throw new BelayError({
    code: 'invalid_input',
    message: text.trim() === '' ? 'The text is empty.' : `The text has ${text.length} characters; ${MAX_MESSAGE} are the most.`,
    hint: 'Say it in a few sentences; longer texts belong in the issue.',
  });
}
