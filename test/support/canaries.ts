import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SECRET_NAMES } from '../../src/config-secrets.ts';

export type Canaries = Readonly<Record<string, string>>;

/** A word for each variable that holds a secret, that stands nowhere else. One that is added to the settings has one too. */
export const newCanaries = (): Canaries =>
  Object.fromEntries(SECRET_NAMES.map((name) => [name, `canary-${name.toLowerCase()}+${randomBytes(9).toString('base64url')}/x`]));

/** Which of them a text has in it, and in what form. */
export function singing(canaries: Canaries, text: string | Buffer): string[] {
  const bytes = Buffer.from(text);
  // Most texts have none of them: one look is enough.
  if (!patternOf(canaries).test(bytes.toString('latin1'))) return [];
  return Object.entries(canaries).flatMap(([name, canary]) =>
    formsOf(canary).flatMap(([form, word]) => (bytes.includes(word) ? [`${name} ${form}: …${around(bytes, word)}…`] : [])),
  );
}

const patterns = new WeakMap<Canaries, RegExp>();

function patternOf(canaries: Canaries): RegExp {
  const known = patterns.get(canaries);
  if (known) return known;
  const words = Object.values(canaries).flatMap((canary) => formsOf(canary).map(([, word]) => word));
  const pattern = new RegExp(words.map((word) => word.replaceAll(/[+/.]/g, String.raw`\$&`)).join('|'));
  patterns.set(canaries, pattern);
  return pattern;
}

function formsOf(canary: string): [string, string][] {
  const shifted = [0, 1, 2].flatMap((shift) => {
    const text = Buffer.from(`${'u'.repeat(shift)}${canary}`);
    return [text.toString('base64'), text.toString('base64url')].map((each) => each.slice(4, -4));
  });
  return [
    ['as it is', canary],
    ['in an address', encodeURIComponent(canary)],
    ...shifted.map((each): [string, string] => ['in base64', each]),
  ];
}

const around = (bytes: Buffer, word: string): string => {
  const at = bytes.indexOf(word);
  return bytes.subarray(Math.max(0, at - 120), at + word.length + 60).toString('latin1');
};

/** In all files below a folder. */
export async function singingFiles(canaries: Canaries, folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const file = join(parentPath, name);
        const bytes = await readFile(file).catch(() => Buffer.alloc(0));
        return singing(canaries, bytes).map((each) => `${file}: ${each}`);
      }),
  );
  return found.flat();
}

/** Looks at the arguments of all processes of this machine, until it is disposed. */
export function watchArguments(canaries: Canaries): AsyncDisposable & { readonly found: ReadonlySet<string>; readonly seen: () => number } {
  const [found, seen] = [new Set<string>(), new Set<string>()];
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
        const bytes = await readFile(`/proc/${pid}/cmdline`).catch(() => Buffer.alloc(0));
        const line = bytes.toString('latin1');
        if (seen.has(line)) continue;
        seen.add(line);
        for (const each of singing(canaries, bytes)) found.add(each);
      }
      await sleep(50);
    }
  })();
  return {
    found,
    seen: () => seen.size,
    async [Symbol.asyncDispose]() {
      over.abort();
      await watching;
    },
  };
}
