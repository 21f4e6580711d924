import type { RunEvent } from '../../contracts/service-records.ts';

/** Made once for all who get the event. */
const texts = new WeakMap<RunEvent, string>();
const messages = new WeakMap<RunEvent, Buffer>();

/** The event as JSON, in one line. */
export function eventText(event: RunEvent): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const text = JSON.stringify(event);
  texts.set(event, text);
  return text;
}

/** The message of a socket that tells of it, in UTF-8: who sends it to a thousand clients has it in memory once. */
export function eventMessage(event: RunEvent): Buffer {
  const known = messages.get(event);
  if (known !== undefined) return known;
  const message = Buffer.from(`{"type":"event","event":${eventText(event)}}`);
  messages.set(event, message);
  return message;
}
