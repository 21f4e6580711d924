/** What git says while it works: `Receiving objects:  45% (900/2000), 1.20 MiB | 3.00 MiB/s`, also of the server's work. */
const PROGRESS = /^(?:remote: )?\s*(?:Enumerating|Counting|Compressing|Receiving|Unpacking|Resolving|Updating)\b[^:]*:\s+\d+.*$/;

/** How far a fetch is, in the newest words of a chunk of git's messages; undefined where they are about something else. */
export function progressIn(chunk: string): string | undefined {
  const line = chunk.split(/[\r\n]/).findLast((candidate) => PROGRESS.test(candidate));
  return line
    ?.replace(/^remote: /, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** What git said besides: how far it was when it failed tells nobody why. */
export const withoutProgress = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.split('\r').findLast((part) => part.trim() !== '') ?? '')
    .filter((line) => !PROGRESS.test(line))
    .join('\n');
