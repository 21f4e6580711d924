import { secretsIn } from '../checks/secrets-in-text.ts';
import { plainLine } from '../contracts/text.ts';
import type { ChangedBlob } from '../git/tree-reader.ts';
import type { Mirror } from '../git/mirror.ts';
import { protection } from './protection.ts';

export interface Leak {
  path: string;
  /** For people and agents: `<file>:<line> (<kind>)`. */
  what: string;
}

interface Between {
  from: string;
  to: string;
  /** Patterns of paths in which secrets may be, but for those of this installation. */
  allowed: readonly string[];
  own: readonly string[];
}

/** Of a bigger file the beginning is looked at. */
const MAX_BYTES = 20_000_000;
const MAX_PATH = 200;
const TOGETHER = 4;

/** Secrets that files hold after a change, and that none of the files it touches held before: one that has moved is no leak. */
export async function leaksBetween(mirror: Mirror, { from, to, allowed, own }: Between): Promise<Leak[]> {
  const changed = await mirror.changedBlobs({ from, to });
  const isAllowed = protection(allowed);
  const found = await inTurn(changed, async ({ path, sha }) => {
    if (sha === undefined) return [];
    const secrets = await secretsIn(await mirror.readBlob({ sha, maxBytes: MAX_BYTES }), { own });
    return secrets.filter(({ isOwn }) => isOwn || !isAllowed(path)).map((secret) => ({ ...secret, path }));
  });
  if (found.length === 0) return [];
  const values = new Set(found.map(({ value }) => value));
  const former = new Set(await inTurn(changed, ({ before }) => valuesIn(mirror, values, before)));
  return found
    .filter(({ value }) => !former.has(value))
    .map(({ path, line, kind }) => ({ path, what: plainLine(`${path}:${line} (${kind})`, MAX_PATH) }));
}

async function valuesIn(mirror: Mirror, values: ReadonlySet<string>, sha: string | undefined): Promise<string[]> {
  if (sha === undefined) return [];
  const text = await mirror.readBlob({ sha, maxBytes: MAX_BYTES });
  return [...values].filter((value) => text.includes(value));
}

async function inTurn<T>(changed: readonly ChangedBlob[], look: (blob: ChangedBlob) => Promise<T[]>): Promise<T[]> {
  const found: T[] = [];
  for (let start = 0; start < changed.length; start += TOGETHER)
    found.push(...(await Promise.all(changed.slice(start, start + TOGETHER).map(look))).flat());
  return found;
}
