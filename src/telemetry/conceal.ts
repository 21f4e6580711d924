import { secretForms } from '../contracts/secret-forms.ts';

/** Somebody who has secrets: all values that they have had so far. */
export interface SecretHolder {
  known(): readonly string[];
}

export const CENSORED = '[redacted]';
/** A shorter value would be found in ordinary words. */
const MIN_SECRET_LENGTH = 6;
/** What chat services know their users by has a part that is longer; names of paths are shorter. */
const MIN_KEY_LENGTH = 16;
/** Nothing but letters, and few of them. */
const WORD = /^\p{L}{0,11}$/u;
/** Tokens of GitHub show by their beginnings; one that `gh` keeps is not among the known ones. */
const GITHUB_TOKENS = /\b(?:gh[oprsu]_|github_pat_)\w{20,}/g;
/** And so do those of the API: the part after the id is the secret. */
const API_TOKENS = /\b(belay_[0-9a-z]{8}_)[0-9a-z]{40}\b/g;

/** Takes secrets out of texts, in every way that they are written. A secret that is read anew is known from then on. */
export function createConcealer(holders: readonly SecretHolder[]): (text: string) => string {
  let [count, written]: [number, string[]] = [0, []];
  return (text) => {
    const known = holders.flatMap((holder) => holder.known());
    if (known.length !== count) [count, written] = [known.length, writtenOf(known)];
    return written
      .reduce((rest, secret) => (rest.includes(secret) ? rest.replaceAll(secret, CENSORED) : rest), text)
      .replaceAll(GITHUB_TOKENS, CENSORED)
      .replaceAll(API_TOKENS, `$1${CENSORED}`);
  };
}

/**
 * The same for the bytes of children, line by line: what they must not have in them. Agents' words are worked with: a part of an address that
 * is a word like others is left in, or `src/postgres/client.ts` would be another file.
 */
export function forbiddenOf(holders: readonly SecretHolder[]): () => readonly Buffer[] {
  let [count, forms]: [number, readonly Buffer[]] = [0, []];
  return () => {
    const known = holders.flatMap((holder) => holder.known());
    if (known.length === count) return forms;
    count = known.length;
    forms = writtenOf(known, strongPartsOf).flatMap((form) => (form.includes('\n') ? [] : [Buffer.from(form)]));
    return forms;
  };
}

/** The longest first: one may be a part of another. */
function writtenOf(secrets: readonly string[], parts: (secret: string) => string[] = partsOf): string[] {
  const all = secrets.flatMap((secret) => [secret, ...parts(secret)]).filter(({ length }) => length >= MIN_SECRET_LENGTH);
  return [...new Set(all.flatMap(secretForms))].toSorted((one, other) => other.length - one.length);
}

/** An address is one for its password, or its path, which chat services know their users by. A key's lines are one each. */
function partsOf(secret: string): string[] {
  const address = addressOf(secret);
  return address ? [...passwordsOf(address), ...pathOf(address)] : linesOf(secret);
}

function strongPartsOf(secret: string): string[] {
  const address = addressOf(secret);
  if (!address) return linesOf(secret);
  const path = pathOf(address).filter((text) => text.split(/[/?&=]/).some(({ length }) => length >= MIN_KEY_LENGTH));
  return [...(isWeak(address) ? [] : passwordsOf(address)), ...path];
}

/** Whether this is an address whose password is in ordinary texts too: such a one cannot be taken out of what agents say. */
export function hasWeakPassword(secret: string): boolean {
  const address = addressOf(secret);
  return address !== undefined && address.password !== '' && isWeak(address);
}

function isWeak({ password, username, hostname, pathname }: URL): boolean {
  const [text, ...names] = [password, username, hostname, pathname.slice(1)].map(decoded);
  return text === undefined || text.length < MIN_SECRET_LENGTH || names.includes(text) || WORD.test(text);
}

const linesOf = (secret: string): string[] => (secret.includes('\n') ? secret.split('\n').filter((line) => line.length >= 32) : []);
const passwordsOf = ({ password }: URL): string[] => [password, decoded(password)];

function addressOf(secret: string): URL | undefined {
  return !secret.includes('\n') && /^\w+:\/\//.test(secret) && URL.canParse(secret) ? new URL(secret) : undefined;
}

function pathOf({ protocol, pathname, search }: URL): string[] {
  return /^https?:$/.test(protocol) && pathname.length > MIN_SECRET_LENGTH ? [`${pathname}${search}`] : [];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
