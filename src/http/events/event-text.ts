import type { RunEvent } from '../../contracts/service-records.ts';

/** Made once for all who get the event. */
const texts = new WeakMap<RunEvent, string>();

/** The event as JSON, in one line. */
export function eventText(event: RunEvent): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const text = JSON.stringify(event);
  texts.set(event, text);
  return text;
}
