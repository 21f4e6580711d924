import path from 'node:path';
import type { ChangedFile } from './weakening.ts';

/** A kind of file that says which tests are run, and what in it has fewer of them run. */
interface ConfigurationRule {
  file: RegExp;
  /** In lines that were added. */
  added: RegExp;
  /** In lines that were taken away, or changed. */
  removed?: RegExp;
}

const IGNORED_FAILURE = /\|\|\s*(?:true|:|exit 0|echo)(?=\s|$|["'])|;\s*(?:true|exit 0)\s*(?=$|["'])|\bset \+e\b/;

const RULES: readonly ConfigurationRule[] = [
  {
    file: /(?:^|\/)(?:jest|vitest|vite|karma|playwright|cypress|ava|wtr)\.config\.\w+$|(?:^|\/)(?:vitest\.workspace\.\w+|\.mocharc(?:\.\w+)?|mocha\.opts|\.taprc|\.jasmine\.json|jasmine\.json)$/,
    added:
      /\b(?:exclude|ignore|testPathIgnorePatterns|testIgnore|modulePathIgnorePatterns|testNamePattern|grep|fgrep|invert|passWithNoTests|allowOnly|retry|retries|dangerouslyIgnoreUnhandledErrors)\b['"]?\s*[:=]|--(?:grep|exclude|ignore|invert|retries)\b/,
    removed: /\b(?:include|testMatch|testRegex|spec|roots|projects)\b['"]?\s*[:=]/,
  },
  {
    file: /(?:^|\/)(?:pytest\.ini|\.pytest\.ini|pyproject\.toml|tox\.ini|setup\.cfg|conftest\.py|noxfile\.py)$/,
    added:
      /--(?:ignore|deselect|exitfirst|reruns)\b|\baddopts\b.*\s-[km]\b|-m\s+["']?not\b|\b(?:collect_ignore\w*|norecursedirs|pytest_ignore_collect|pytest_collection_modifyitems|xfail_strict\s*=\s*false)\b|\|\|\s*true|^\s*-\s*(?:python3? -m )?pytest\b/i,
    removed: /^\s*(?:testpaths|python_files|python_functions|python_classes)\s*=/,
  },
  { file: /(?:^|\/)Cargo\.toml$/, added: /^\s*(?:test|autotests|doctest|harness)\s*=\s*false\b|^\s*required-features\s*=/ },
  {
    file: /(?:^|\/)pom\.xml$/,
    added:
      /<(?:skipTests|maven\.test\.skip|skip|skipITs|testFailureIgnore|maven\.test\.failure\.ignore)>\s*true|<(?:exclude|excludedGroups|test|rerunFailingTestsCount)>/,
    removed: /<include>/,
  },
  {
    file: /(?:^|\/)[\w.-]*\.gradle(?:\.kts)?$|(?:^|\/)gradle\.properties$/,
    added:
      /\bignoreFailures\s*(?:=|\()?\s*true|\bexcludeTestsMatching\b|\bexcludeTags\b|\bexclude\s*(?:\((?!\s*(?:group|module)\b)|['"])|\bonlyIf\s*\{\s*false|\benabled\s*=\s*false|\bmaxRetries\b/,
    removed: /\buseJUnit\w*\b/,
  },
  { file: /(?:^|\/)\.rspec$/, added: /--tag\s+~|--exclude-pattern|--pattern|--example\b/ },
];

const MAKEFILE = /(?:^|\/)(?:GNUm|m|M)akefile$|(?:^|\/)[jJ]ustfile$/;
const PACKAGE = /(?:^|\/)package\.json$/;

/** Whether this file can say which tests are run. */
export const isConfiguration = (file: string): boolean =>
  PACKAGE.test(file) || MAKEFILE.test(file) || RULES.some((rule) => rule.file.test(file));

/** What a change of configuration does to have fewer tests run, or their failures not count. A file that is new or gone counts too. */
export function configurationWeakening(file: ChangedFile): string[] {
  if (PACKAGE.test(file.path)) return packageWeakening(file);
  if (MAKEFILE.test(file.path)) return recipeWeakening(file);
  const rule = RULES.find((each) => each.file.test(file.path));
  if (!rule) return [];
  const added = linesOnlyIn(file.after, file.before).find((line) => rule.added.test(line));
  const removed = rule.removed && linesOnlyIn(file.before, file.after).find((line) => rule.removed?.test(line));
  return [added && `${file.path} now says \`${shown(added)}\``, removed && `${file.path} said \`${shown(removed)}\` before`].filter(
    (message) => message !== undefined,
  );
}

const shown = (line: string): string => line.trim().replaceAll('`', "'").slice(0, 120);

/** Lines as often as they are there more often than in the other text; comments and commas at the end aside. */
function linesOnlyIn(text = '', other = ''): string[] {
  const left = new Map<string, number>();
  for (const line of linesOf(other)) left.set(line, (left.get(line) ?? 0) + 1);
  return linesOf(text).filter((line) => {
    const known = left.get(line) ?? 0;
    left.set(line, known - 1);
    return known <= 0;
  });
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim().replace(/,$/, ''))
    .filter((line) => line !== '' && !/^(?:\/\/|#|\*|\/\*|<!--)/.test(line));

const TEST_SCRIPT = /^(?:pre|post)?test(?:$|[:_-])|^(?:unit|spec)s?$/;
const TEST_PROGRAM =
  /\b(?:vitest|jest|mocha|ava|tap|tape|jasmine|karma|cypress|playwright|uvu|pytest|bun test|deno test|react-scripts test|c8|nyc)\b|--test\b/;
const NARROWING =
  /^(?:-t|-g|-i|--(?:grep|fgrep|invert|exclude|ignore|testNamePattern|test-name-pattern|test-skip-pattern|testPathIgnorePatterns|changed|onlyChanged|findRelatedTests|passWithNoTests|retry|retries|shard))(?:=|$)/;

interface PackageFile {
  scripts?: Record<string, unknown>;
  [tool: string]: unknown;
}

function packageWeakening({ path: file, before, after }: ChangedFile): string[] {
  const [was, is] = [parsed(before), parsed(after)];
  if (!was || !is) return [];
  const scripts = Object.entries(was.scripts ?? {}).flatMap(([name, script]) => {
    if (!TEST_SCRIPT.test(name) || typeof script !== 'string') return [];
    const why = weakerScript(script, is.scripts?.[name]);
    return why ? [`the script \`${name}\` of ${file} ${why}`] : [];
  });
  const tools = ['jest', 'vitest', 'mocha', 'ava', 'tap'].filter((tool) => was[tool] !== undefined || is[tool] !== undefined);
  const rule = RULES[0] as ConfigurationRule;
  const settings = tools.flatMap((tool) =>
    linesOnlyIn(JSON.stringify(is[tool], undefined, 1), JSON.stringify(was[tool], undefined, 1)).filter((line) => rule.added.test(line)),
  );
  return [...scripts, ...settings.map((line) => `${file} now says \`${shown(line)}\``)];
}

function weakerScript(before: string, after: unknown): string | undefined {
  if (before === after) return undefined;
  if (typeof after !== 'string' || after.trim() === '') return 'is gone';
  if (IGNORED_FAILURE.test(after) && !IGNORED_FAILURE.test(before)) return `passes whatever the tests do: \`${shown(after)}\``;
  if (TEST_PROGRAM.test(before) && !TEST_PROGRAM.test(after) && !/\b(?:run|npm|pnpm|yarn)\b/.test(after))
    return `runs no tests: \`${shown(after)}\``;
  const known = new Set(before.split(/\s+/));
  // To jest it is that tests run one after the other.
  const isHarmless = (word: string): boolean => word === '-i' && /\bjest\b/.test(after);
  const narrowing = after.split(/\s+/).find((word) => !known.has(word) && NARROWING.test(word) && !isHarmless(word));
  return narrowing === undefined ? undefined : `now has ${narrowing}: \`${shown(after)}\``;
}

function parsed(text: string | undefined): PackageFile | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? (value as PackageFile) : undefined;
  } catch {
    // A file that cannot be read runs no tests at all: their run says so.
    return undefined;
  }
}

/** The targets of a Makefile that test. */
function recipeWeakening({ path: file, before, after }: ChangedFile): string[] {
  const [was, is] = [recipesOf(before), recipesOf(after)];
  return [...was].flatMap(([target, lines]) => {
    const now = is.get(target) ?? [];
    const name = `the target \`${target}\` of ${path.posix.basename(file)}`;
    if (now.length < lines.length) return [`${name} does less than before`];
    const isReplaced = lines.some((line) => !now.includes(line));
    const ignoring = now.find(
      (line) =>
        !lines.includes(line) &&
        (IGNORED_FAILURE.test(line) || /^@?-/.test(line) || (isReplaced && /^(?:@\s*)?(?:true|:|echo\b)/.test(line))),
    );
    return ignoring === undefined ? [] : [`${name} now says \`${shown(ignoring)}\``];
  });
}

function recipesOf(text = ''): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let target: string | undefined;
  for (const line of text.split('\n')) {
    const [, named] = /^([\w.-]+)[^:=\n]*:(?!=)/.exec(line) ?? [];
    if (named !== undefined) target = /^(?:tests?|check|unit|spec)(?:$|[-_.])/.test(named) ? named : undefined;
    else if (target !== undefined && /^\s+\S/.test(line)) found.set(target, [...(found.get(target) ?? []), line.trim()]);
  }
  return found;
}
