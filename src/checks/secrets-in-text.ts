import { lintSource } from '@secretlint/core';
import { creator } from '@secretlint/secretlint-rule-preset-recommend';

export interface SecretInText {
  /** Counted from 1. */
  line: number;
  /** What it looks like, such as `GITHUB_TOKEN` or `PrivateKey`; never itself. */
  kind: string;
  value: string;
}

export interface Known {
  /** Values that are secrets whatever they look like: those of this installation. */
  own: readonly string[];
}

const PRESET = '@secretlint/secretlint-rule-preset-recommend';
const CONFIG = { rules: [{ id: PRESET, rule: creator, rules: [] }] };
/** Shorter ones are words. */
const MIN_OWN = 8;

/** What looks like a secret in a text: tokens of well-known services, private keys, addresses with passwords, and those of this installation. */
export async function secretsIn(text: string, { own }: Known): Promise<SecretInText[]> {
  // Of a program or picture, nothing can be said.
  if (text.includes('\0')) return [];
  const { messages } = await lintSource({
    source: { content: text, filePath: 'text', ext: '.txt', contentType: 'text' },
    options: { config: CONFIG, noPhysicFilePath: true, maskSecrets: true },
  });
  const alike = messages.map(({ messageId, range: [start, end], loc }) => ({
    line: loc.start.line,
    kind: messageId,
    value: text.slice(start, end),
  }));
  const known = own
    .filter((value) => value.length >= MIN_OWN && text.includes(value))
    .map((value) => ({ line: text.slice(0, text.indexOf(value)).split('\n').length, kind: 'a secret of this installation', value }));
  return [...known, ...alike.filter(({ value }) => !known.some((one) => value.includes(one.value)))];
}
