import { randomBytes } from 'node:crypto';

/** Crockford's base32 (no i, l, o, u), lower case because it becomes part of branch names. https://www.crockford.com/base32.html */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const LENGTH = 8;

export function randomRunId(): string {
  // 256 is a multiple of 32, so every character is equally likely.
  return Array.from(randomBytes(LENGTH), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('');
}

/** What a person typed for an id, in the letters that ids are made of; undefined when no id can begin with it. */
export function readRunIdPrefix(text: string): string | undefined {
  const prefix = text.trim().toLowerCase().replaceAll('o', '0').replaceAll(/[il]/g, '1');
  if (prefix === '' || prefix.length > LENGTH) return undefined;
  return [...prefix].every((character) => ALPHABET.includes(character)) ? prefix : undefined;
}
