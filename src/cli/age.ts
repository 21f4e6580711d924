import { InvalidArgumentError } from 'commander';

const DAY_MS = 24 * 60 * 60_000;

/** `30` or `30d`, in milliseconds. */
export function age(text: string): number {
  const days = Number(/^(\d+(?:\.\d+)?) ?d?$/.exec(text.trim())?.[1]);
  if (Number.isFinite(days)) return days * DAY_MS;
  throw new InvalidArgumentError('It is a number of days, such as 30d.');
}
