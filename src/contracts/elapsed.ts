/** Milliseconds between two times, ISO-8601; never negative, for a clock may have been set back in between. */
export function elapsedMs({ from, to }: { from: string; to: string }): number {
  return Math.max(0, Date.parse(to) - Date.parse(from));
}
