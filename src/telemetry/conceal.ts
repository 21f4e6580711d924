import { secretForms } from '../contracts/secret-forms.ts';

/** Somebody who has secrets: all values that they have had so far. */
export interface SecretHolder {
  known(): readonly string[];
}

export const CENSORED = '[redacted]';
/** A shorter value would be found in ordinary words. */
const MIN_SECRET_LENGTH = 6;
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

/** The same for bytes, line by line: what they must not have in them. */
export function forbiddenOf(holders: readonly SecretHolder[]): () => readonly Buffer[] {
  let [count, forms]: [number, readonly Buffer[]] = [0, []];
  return () => {
    const known = holders.flatMap((holder) => holder.known());
    if (known.length === count) return forms;
    count = known.length;
    forms = writtenOf(known).flatMap((form) => (form.includes('\n') ? [] : [Buffer.from(form)]));
    return forms;
  };
}

/** The longest first: one may be a part of another. */
function writtenOf(secrets: readonly string[]): string[] {
  const parts = secrets.flatMap((secret) => [secret, ...partsOf(secret)]).filter(({ length }) => length >= MIN_SECRET_LENGTH);
  return [...new Set(parts.flatMap(secretForms))].toSorted((one, other) => other.length - one.length);
}

/** An address is one for its password, or its path, which chat services know their users by. A key's lines are one each. */
function partsOf(secret: string): string[] {
  if (secret.includes('\n')) return secret.split('\n').filter((line) => line.length >= 32);
  if (!/^\w+:\/\//.test(secret) || !URL.canParse(secret)) return [];
  const { protocol, password, pathname, search } = new URL(secret);
  const path = /^https?:$/.test(protocol) && pathname.length > MIN_SECRET_LENGTH ? [`${pathname}${search}`] : [];
  return [password, decoded(password), ...path];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
