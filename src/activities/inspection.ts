import { findWeakening, isInspected } from '../checks/weakening.ts';
import { plainLine } from '../contracts/text.ts';
import type { Mirror } from '../git/mirror.ts';

/** More files of tests than this are nobody's fix: the first of them tell enough. */
const MAX_FILES = 200;
const MAX_REASONS = 5;
const MAX_REASON = 300;

/** How a change between two commits has the tests find less, in words; empty where it does not. */
export async function weakeningBetween(mirror: Mirror, { from, to }: { from: string; to: string }): Promise<string[]> {
  const changed = (await mirror.changedFiles({ from, to })).filter(isInspected).slice(0, MAX_FILES);
  const files = await Promise.all(
    changed.map(async (path) => {
      const [before, after] = await Promise.all([from, to].map((commit) => mirror.readFile({ commit, path })));
      return { path, before, after };
    }),
  );
  return findWeakening(files)
    .slice(0, MAX_REASONS)
    .map(({ message }) => plainLine(message, MAX_REASON));
}
