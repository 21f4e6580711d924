import { createHash, randomBytes } from 'node:crypto';

/** Crockford's letters: nothing that is taken for something else when it is read out. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_LENGTH = 8;
/** 200 bits: nobody guesses it, so its hash needs no salt. */
const SECRET_LENGTH = 40;

const TOKEN = new RegExp(`^belay_[${ALPHABET}]{${ID_LENGTH}}_[${ALPHABET}]{${SECRET_LENGTH}}$`);

export interface NewToken {
  id: string;
  /** Shown once; only its hash is kept. */
  token: string;
  hash: string;
}

export function newToken(): NewToken {
  const id = randomText(ID_LENGTH);
  const token = `belay_${id}_${randomText(SECRET_LENGTH)}`;
  return { id, token, hash: hashOfToken(token) };
}

/** SHA-256, in hex. */
export const hashOfToken = (token: string): string => createHash('sha256').update(token).digest('hex');

/** Whether it looks like a token of Belay's own, and not like a JWT. */
export const isOwnToken = (text: string): boolean => TOKEN.test(text);

// 256 is a multiple of 32, so every character is equally likely.
const randomText = (length: number): string => Array.from(randomBytes(length), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('');
