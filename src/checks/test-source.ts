import type { TestLanguage } from './test-languages.ts';

/** How much a piece of test code checks. */
export interface Strength {
  assertions: number;
  /** Of these, such as many wrong values pass. */
  loose: number;
  /** Values that equal anything. */
  wild: number;
}

/** One declared test with its code, up to the next one. */
export interface TestBlock extends Strength {
  name: string;
}

/** What a file of tests says. */
export interface TestSource {
  tests: TestBlock[];
  skips: number;
  onlys: number;
  retries: number;
}

export const NO_TESTS: TestSource = { tests: [], skips: 0, onlys: 0, retries: 0 };

/** Larger files are generated: nobody's fix is in them. */
const MAX_SOURCE = 512 * 1024;

/** Reads tests by patterns, not by a parser: good for comparing two versions of one file, not for more. */
export function readTests({ path, text, language }: { path: string; text: string; language: TestLanguage }): TestSource {
  if (text.length > MAX_SOURCE) return NO_TESTS;
  const code = relevant(path, withoutComments(text, language)).replaceAll(language.tautology, '');
  const found = [...code.matchAll(language.test)];
  return {
    tests: found.map((match, index) => ({
      name: match.groups?.['name'] ?? match.groups?.['method'] ?? '',
      ...strengthOf(code.slice(match.index, found[index + 1]?.index), language),
    })),
    skips: count(code, language.skip) + count(text, language.rawSkip),
    onlys: count(code, language.only),
    retries: count(code, language.retry),
  };
}

export const strongOf = ({ assertions, loose }: Strength): number => Math.max(0, assertions - loose);

const strengthOf = (code: string, { assertion, loose, wild }: TestLanguage): Strength => ({
  assertions: count(code, assertion),
  loose: count(code, loose),
  wild: count(code, wild),
});

const count = (code: string, pattern: RegExp | undefined): number => (pattern ? [...code.matchAll(pattern)].length : 0);

/** Lines keep their numbers. */
const withoutComments = (text: string, { comments }: TestLanguage): string =>
  text.replaceAll(comments, (all: string, kept: string | undefined) => kept ?? all.replaceAll(/[^\n]/g, ' '));

/** Rust's unit tests lie in the file that they test, whose own assertions are none of theirs. */
function relevant(path: string, code: string): string {
  if (!path.endsWith('.rs') || /(?:^|\/)tests\//.test(path)) return code;
  const start = code.indexOf('#[cfg(test)]');
  return start < 0 ? '' : code.slice(start);
}
