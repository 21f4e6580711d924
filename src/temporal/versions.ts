/** Compares `1.29.1` with `1.30.0` by number: negative, zero or positive. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map((version) => version.split('.').map(Number));
  for (const index of [0, 1, 2]) {
    const difference = (a?.[index] ?? 0) - (b?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `1.29` of `1.29.1`. */
export function minorVersion(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
