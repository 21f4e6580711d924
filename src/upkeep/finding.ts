/** Something of Belay's own that is certainly not needed any more. */
export interface Finding {
  /** What it is, for people: `belay clean` shows it. */
  words: string;
  remove(): Promise<void>;
}

/** One after another, so that the disk stays quick for the runs that work; gives what could not be removed. */
export async function removeAll(findings: readonly Finding[]): Promise<{ words: string; reason: string }[]> {
  const left: { words: string; reason: string }[] = [];
  for (const { words, remove } of findings) {
    try {
      await remove();
    } catch (error) {
      left.push({ words, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return left;
}
