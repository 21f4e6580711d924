import picomatch from 'picomatch';

/** A pattern covers what it matches and everything below it, names that begin with a dot among them. */
export function protection(patterns: readonly string[]): (path: string) => boolean {
  const matches = picomatch(
    patterns.map((pattern) => pattern.replace(/^\.?\//, '').replace(/\/$/, '')),
    { dot: true },
  );
  return (path) => {
    const parts = path.split('/');
    return parts.some((_, index) => matches(parts.slice(0, index + 1).join('/')));
  };
}
