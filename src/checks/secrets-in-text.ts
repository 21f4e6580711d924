import { lintSource } from '@secretlint/core';
import { creator } from '@secretlint/secretlint-rule-preset-recommend';

export interface SecretInText {
  /** Counted from 1. */
  line: number;
  /** What it looks like, such as `GITHUB_TOKEN` or `PrivateKey`; never itself. */
  kind: string;
  value: string;
  /** Of this installation. */
  isOwn: boolean;
}

export interface Known {
  /** What is secret whatever it looks like: the secrets of this installation, in every way that they are written. */
  own: readonly string[];
}

const PRESET = '@secretlint/secretlint-rule-preset-recommend';
const CONFIG = { rules: [{ id: PRESET, rule: creator, rules: [] }] };
/** Of a longer text the beginning is looked at for what only looks like a secret. */
const MAX_ALIKE = 1_000_000;

/** What looks like a secret in a text: tokens of well-known services, private keys, addresses with passwords, and those of this installation. */
export async function secretsIn(text: string, { own }: Known): Promise<SecretInText[]> {
  const known = own.filter((value) => isTelling(value) && text.includes(value)).map((value) => ownIn(text, value));
  const alike = await alikeIn(text);
  // Of one that is written in parts, the first is enough.
  return [...known.slice(0, 1), ...alike.filter(({ value }) => !known.some((one) => value.includes(one.value)))];
}

/** A word, or half of one, is in texts that have nothing to do with it. */
const isTelling = (value: string): boolean => value.length >= 16 || (value.length >= 8 && !/^[a-z]+$/i.test(value));

const ownIn = (text: string, value: string): SecretInText => ({
  line: text.slice(0, text.indexOf(value)).split('\n').length,
  kind: 'a secret of this installation',
  value,
  isOwn: true,
});

async function alikeIn(text: string): Promise<SecretInText[]> {
  // Of a program or picture, nothing can be said.
  if (text.includes('\0')) return [];
  const content = text.slice(0, MAX_ALIKE);
  const { messages } = await lintSource({
    source: { content, filePath: 'text', ext: '.txt', contentType: 'text' },
    options: { config: CONFIG, noPhysicFilePath: true, maskSecrets: true },
  });
  return messages.map(({ messageId, range: [start, end], loc }) => ({
    line: loc.start.line,
    kind: messageId,
    value: content.slice(start, end),
    isOwn: false,
  }));
}
