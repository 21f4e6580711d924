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
const MAX_BYTES = 1_000_000;
const MAX_PATH = 200;
const TOGETHER = 8;

/** Secrets that files hold after a change, and did not hold before it. */
export async function leaksBetween(mirror: Mirror, { from, to, allowed, own }: Between): Promise<Leak[]> {
  const changed = await mirror.changedBlobs({ from, to });
  const isAllowed = protection(allowed);
  const leaks: Leak[] = [];
  for (let start = 0; start < changed.length; start += TOGETHER) {
    const some = changed.slice(start, start + TOGETHER);
    leaks.push(...(await Promise.all(some.map((file) => leakIn(mirror, file, { own, anyOther: !isAllowed(file.path) })))).flat());
  }
  return leaks;
}

async function leakIn(
  mirror: Mirror,
  { path, sha, before }: ChangedBlob,
  { own, anyOther }: { own: readonly string[]; anyOther: boolean },
): Promise<Leak[]> {
  const found = (await secretsIn(await mirror.readBlob({ sha, maxBytes: MAX_BYTES }), { own })).filter(
    ({ value }) => anyOther || own.includes(value),
  );
  if (found.length === 0) return [];
  const former = before === undefined ? '' : await mirror.readBlob({ sha: before, maxBytes: MAX_BYTES });
  return found
    .filter(({ value }) => !former.includes(value))
    .map(({ line, kind }) => ({ path, what: plainLine(`${path}:${line} (${kind})`, MAX_PATH) }));
}
