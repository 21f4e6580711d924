import { configurationWeakening, isConfiguration } from './weakening-configuration.ts';
import { testLanguageOf } from './test-languages.ts';
import { NO_TESTS, readTests, strongOf } from './test-source.ts';
import type { Strength, TestBlock, TestSource } from './test-source.ts';

/** A file before and after a change; undefined where it is not there. */
export interface ChangedFile {
  path: string;
  before?: string | undefined;
  after?: string | undefined;
}

/** One way in which a change has the tests find less than before, in words for a person or an agent. */
export interface Weakening {
  kind: 'removed' | 'skipped' | 'focused' | 'retried' | 'assertions' | 'loosened' | 'snapshots' | 'configuration';
  message: string;
}

/** Whether a change of this file can weaken the tests, so that its text is worth reading. */
export const isInspected = (path: string): boolean => testLanguageOf(path) !== undefined || isSnapshot(path) || isConfiguration(path);

/**
 * Whether the tests find less after a change: the rules are in docs/test-resolution.md. All files are judged together, so that tests may
 * be moved between them; other values in the same assertions are no weakening.
 */
export function findWeakening(files: readonly ChangedFile[]): Weakening[] {
  const [before, after] = (['before', 'after'] as const).map((when) => sourceOf(files, when)) as [TestSource, TestSource];
  return [
    ...removedTests(before, after),
    ...moreOf('skipped', after.skips - before.skips, 'mark that has tests skipped, or their failures not count, was added'),
    ...moreOf('focused', after.onlys - before.onlys, 'mark that has only some tests run was added'),
    ...moreOf('retried', after.retries - before.retries, 'mark that has failing tests tried again was added'),
    ...weakerTests(before, after),
    ...lostSnapshots(files, before.tests.length - after.tests.length),
    ...files.flatMap(configurationWeakening).map((message) => ({ kind: 'configuration' as const, message })),
  ];
}

function sourceOf(files: readonly ChangedFile[], when: 'before' | 'after'): TestSource {
  const sources = files.map((file) => {
    const language = testLanguageOf(file.path);
    const text = file[when];
    return language && text !== undefined ? readTests({ path: file.path, text, language }) : NO_TESTS;
  });
  const sum = (field: 'skips' | 'onlys' | 'retries'): number => sources.reduce((all, source) => all + source[field], 0);
  return { tests: sources.flatMap(({ tests }) => tests), skips: sum('skips'), onlys: sum('onlys'), retries: sum('retries') };
}

/** A renamed test is one that went and one that came. */
function removedTests(before: TestSource, after: TestSource): Weakening[] {
  const fewer = before.tests.length - after.tests.length;
  if (fewer <= 0) return [];
  const gone = namesOnlyIn(before.tests, after.tests);
  return [{ kind: 'removed', message: `${counted(fewer, 'test')} ${fewer === 1 ? 'was' : 'were'} removed${listed(gone)}` }];
}

function moreOf(kind: Weakening['kind'], more: number, what: string): Weakening[] {
  if (more <= 0) return [];
  return [{ kind, message: more === 1 ? `a ${what}` : `${more} times a ${what}` }];
}

/** Each test that is still there is compared with itself; those that were renamed, as a whole. */
function weakerTests(before: TestSource, after: TestSource): Weakening[] {
  const [was, is] = [byName(before.tests), byName(after.tests)];
  const findings = [...was].flatMap(([name, strength]) => {
    const now = is.get(name);
    return now ? weaker(strength, now, `the test ${JSON.stringify(name)}`) : [];
  });
  const renamed = namesOnlyIn(before.tests, after.tests);
  const came = namesOnlyIn(after.tests, before.tests);
  if (renamed.length === 0 || before.tests.length > after.tests.length) return findings;
  const total = (names: readonly string[], source: Map<string, Strength>) => together(names.map((name) => source.get(name) ?? NOTHING));
  return [
    ...findings,
    ...weaker(total(renamed, was), total(came, is), `the renamed test${renamed.length === 1 ? '' : 's'}${listed(renamed)}`),
  ];
}

function weaker(before: Strength, after: Strength, where: string): Weakening[] {
  const fewer = before.assertions - after.assertions;
  if (fewer > 0) return [{ kind: 'assertions', message: `${counted(fewer, 'assertion')} fewer in ${where}` }];
  const isLooser = strongOf(after) < strongOf(before);
  const isWilder = after.wild > before.wild && strongOf(after) <= strongOf(before);
  if (!isLooser && !isWilder) return [];
  return [{ kind: 'loosened', message: `assertions that let more pass than before in ${where}` }];
}

const isSnapshot = (path: string): boolean => /\.(?:snap|ambr)$/.test(path);

/** Kept results may change with what they record; that there are fewer is fine only if there are fewer tests. */
function lostSnapshots(files: readonly ChangedFile[], fewerTests: number): Weakening[] {
  const entries = (text = ''): number => text.match(/^(?:exports\[|# name: )/gm)?.length ?? 0;
  const fewer = files.filter(({ path }) => isSnapshot(path)).reduce((sum, { before, after }) => sum + entries(before) - entries(after), 0);
  return fewer > 0 && fewerTests <= 0 ? [{ kind: 'snapshots', message: `${counted(fewer, 'snapshot')} fewer` }] : [];
}

const NOTHING: Strength = { assertions: 0, loose: 0, wild: 0 };

const together = (all: readonly Strength[]): Strength =>
  all.reduce(
    (sum, { assertions, loose, wild }) => ({
      assertions: sum.assertions + assertions,
      loose: sum.loose + loose,
      wild: sum.wild + wild,
    }),
    NOTHING,
  );

function byName(tests: readonly TestBlock[]): Map<string, Strength> {
  const found = new Map<string, Strength>();
  for (const test of tests) found.set(test.name, together([found.get(test.name) ?? NOTHING, test]));
  return found;
}

function namesOnlyIn(some: readonly TestBlock[], others: readonly TestBlock[]): string[] {
  const known = new Set(others.map(({ name }) => name));
  return [...new Set(some.map(({ name }) => name))].filter((name) => !known.has(name));
}

const counted = (count: number, noun: string): string => (count === 1 ? `one ${noun}` : `${count} ${noun}s`);

function listed(names: readonly string[]): string {
  const shown = names.filter(Boolean).slice(0, 5);
  return shown.length === 0 ? '' : `: ${shown.map((name) => JSON.stringify(name)).join(', ')}${names.length > 5 ? ', …' : ''}`;
}
