/** More is nothing that a person reads. */
export const MAX_DIFF_BYTES = 10_000_000;

/** What the diff of a run between two commits is called: `-cut` where it was longer than what is kept. */
export const diffOfRun = ({ from, to, isCut }: { from: string; to: string; isCut: boolean }): string =>
  `changes-${from.slice(0, 12)}-${to.slice(0, 12)}${isCut ? '-cut' : ''}.diff`;

export const isDiffOfRun = (name: string): boolean => /(?:^|-)changes-[0-9a-f]{12}-[0-9a-f]{12}(?:-cut)?\.diff$/.test(name);
