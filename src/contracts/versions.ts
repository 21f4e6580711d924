/** States that are kept as what changed from one to the next. No imports here: workflows bundle this file. */

/** Plain JSON by name, as far as it changed; null where something is gone. */
export type Changes<T> = { [K in keyof T]?: T[K] | null };

interface Version<R, F> {
  version: number;
  results?: Changes<R>;
  facts?: Changes<F>;
}

/** What was known at a version. Unknown ones before the first know nothing. */
export function stateAt<R extends object, F extends object>(
  versions: readonly Version<R, F>[],
  version: number,
): { results: Partial<R>; facts: Partial<F> } {
  const until = versions.filter((each) => each.version <= version);
  return { results: applied(until.map(({ results }) => results ?? {})), facts: applied(until.map(({ facts }) => facts ?? {})) };
}

function applied<T extends object>(all: readonly Changes<T>[]): Partial<T> {
  const entries = Object.entries(Object.assign({}, ...all) as object);
  return Object.fromEntries(entries.filter(([, value]) => value !== null)) as Partial<T>;
}

/** Nothing where nothing has changed. */
export function changesBetween<T extends object>(before: Partial<T>, after: Partial<T>): Changes<T> | undefined {
  const names = [...new Set([...Object.keys(after), ...Object.keys(before)])] as (keyof T)[];
  const changed = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  if (changed.length === 0) return undefined;
  return Object.fromEntries(changed.map((name) => [name, after[name] ?? null])) as Changes<T>;
}
