/** What tests look like in a language. Patterns are global and see source without comments, unless said. */
export interface TestLanguage {
  /** Files of this language that hold tests. */
  isTestFile(path: string): boolean;
  /** Strings (group 1, kept) and comments (removed). */
  comments: RegExp;
  /** A declared test, up to its name (group `name` or `method`). Its body reaches to the next one. */
  test: RegExp;
  /** Marks of tests that are not run, or whose failure does not count. */
  skip: RegExp;
  /** The same, in the source with its comments. */
  rawSkip?: RegExp;
  /** Marks by which only the marked tests are run. */
  only?: RegExp;
  /** Marks by which a failing test is tried again. */
  retry?: RegExp;
  assertion: RegExp;
  /** Those of the assertions that many wrong values pass. */
  loose: RegExp;
  /** Values that equal anything, within an assertion. */
  wild?: RegExp;
  /** Assertions that cannot fail: they do not count. */
  tautology: RegExp;
}

const C_LIKE = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
/** Single quotes are lifetimes too. */
const RUST_LIKE = /("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
/** Texts in triple quotes are documentation, or code that was put out of use. */
const PYTHON_LIKE = /"""[\s\S]*?"""|'''[\s\S]*?'''|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|#[^\n]*/g;
const RUBY_LIKE = /^=begin[\s\S]*?^=end|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|#(?!\{)[^\n]*/gm;

/** Helpers that check something by their name: `expectTotal(…)`, `assert_valid(…)`. */
const camelHelper = String.raw`(?<![\w$])(?:expect|assert|check|verify|ensure|should|must)(?:[A-Z]\w*)?`;

/** The options of a test or suite, up to one of their names: the same names in other calls are data. */
const jsOptions = String.raw`(?:(?<![\w$.])(?:t\.)?(?:it|test|describe|suite|context|specify)(?:\.\w+)*|(?<=\)))\s*\(\s*(?:(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\`(?:\\.|[^\`\\])*\`|[\w$.]+)\s*,\s*)?\{[^{}]*(?<![\w$])`;

const JAVASCRIPT: TestLanguage = {
  isTestFile: (path) =>
    /\.[cm]?[jt]sx?$/.test(path) && /[.-_](?:test|spec|cy)\.[cm]?[jt]sx?$|(?:^|\/)(?:__tests__|tests?|specs?)\//i.test(path),
  comments: C_LIKE,
  test: /(?<![\w$.])(?:t\.)?(?:it|test|specify)(?!\.(?:describe|beforeEach|afterEach|beforeAll|afterAll|use|step|extend|mock)\b)(?:\.\w+(?:\([^()]*\))?)*\s*(?:<[^>()]*>)?\(\s*(?:(?<quote>['"`])(?<name>(?:\\.|(?!\k<quote>)[^\\])*)\k<quote>)?/g,
  skip: new RegExp(
    String.raw`(?<![\w$])(?:it|test|describe|suite|context|specify)(?:\.\w+)*\.(?:skip|todo|skipIf|runIf|fails|failing|fixme)\b|(?<![\w$.])x(?:it|test|describe|context|specify)\s*\(|(?<![\w$])(?:this|t|ctx|context)\.(?:skip|todo)\s*\(|(?<![\w$])(?:skip|todo)\s*:\s*true\b|${jsOptions}(?:skip|todo)\s*:\s*(?!false|undefined|true)`,
    'g',
  ),
  only: /(?<![\w$])(?:it|test|describe|suite|context|specify)(?:\.\w+)*\.only\b|(?<![\w$.])f(?:it|describe)\s*\(\s*['"`]|(?<![\w$])only\s*:\s*true/g,
  retry: new RegExp(String.raw`\bjest\.retryTimes\s*\(|\bthis\.retries\s*\(|${jsOptions}(?:retry|retries)\s*:\s*[1-9]`, 'g'),
  assertion: new RegExp(
    String.raw`${camelHelper}(?<!expect(?=\.(?:any|anything|\w+Containing|stringMatching|closeTo|extend|assertions|hasAssertions)\b))(?:\.\w+)*\s*\(|\.should\b|(?<![\w$.])t\.(?:is|not|true|false|truthy|falsy|ok|notOk|equals?|same|deepEqual|like|throws\w*|regex|match|assert|snapshot|fail)\s*\(`,
    'g',
  ),
  loose:
    /\.(?:toBeTruthy|toBeFalsy|toBeDefined|toBeInstanceOf|toMatchObject|toContain)\s*\(|\.toBe(?:Greater|Less)Than\w*(?<!\bexpect\(\s*Math\.abs\([^\n]{0,300})\s*\(|\.(?:toHaveBeenCalled|toThrow|toThrowError)\s*\(\s*\)|\.not\.\w+\s*\(|\bassert\.(?:ok|not\w+|doesNotThrow|doesNotReject|isOk|exists|isDefined|include)\s*\((?!\s*Math\.abs\()|(?<![\w$.])assert\s*\((?!\s*Math\.abs\()|(?<![\w$.])t\.(?:truthy|ok|not|like)\s*\(|\.to\.(?:be\.ok|exist)\b/g,
  wild: /\bexpect\.(?:any|anything|\w+Containing|stringMatching)\s*\(/g,
  tautology:
    /\bexpect\(\s*(true|1|!0)\s*\)\s*\.(?:toBe|toEqual|toStrictEqual|toBeTruthy)\(\s*(?:\1)?\s*\)|\bassert(?:\.ok|\.equal|\.strictEqual)?\(\s*(?:true|1)\s*(?:,\s*(?:true|1)\s*)?\)/g,
};

/** What a Python assertion compares exactly, or up to rounding. */
const pythonStrong = String.raw`(?:==|\bis\s+(?!not\b)|\bin\b|\b(?:isclose|allclose|array_equal)\(|\babs\()`;
/** A longer one is in parentheses, over several lines. */
const pythonLoose = String.raw`(?:^|[;:])[ \t]*assert\b(?![^\n]*${pythonStrong})(?![ \t]*\([ \t]*\n(?:(?![ \t]*\))[^\n]*\n){0,20}?(?![ \t]*\))[^\n]*${pythonStrong})`;

const PYTHON: TestLanguage = {
  isTestFile: (path) => /(?:^|\/)(?:test_[^/]*|[^/]*_test|tests?)\.py$|(?:^|\/)tests?\/.*\.py$/.test(path) && !path.endsWith('conftest.py'),
  comments: PYTHON_LIKE,
  test: /^[ \t]*(?:async[ \t]+)?def[ \t]+(?<name>test\w*)[ \t]*\(/gm,
  skip: /@(?:pytest\.mark\.)?(?:skip|skipif|xfail)\b|@(?:unittest\.)?(?:skip|skipIf|skipUnless|expectedFailure)\b|\b(?:pytest\.(?:skip|xfail|importorskip)|self\.skipTest)\s*\(|\bmarks\s*=\s*\[?\s*pytest\.mark\.(?:skip|xfail)|\bpytestmark\s*=[^\n]*(?:skip|xfail)|\b__test__\s*=\s*False/g,
  retry: /@(?:pytest\.mark\.)?flaky\b|@retry\b[^\n]*\n(?:[ \t]*@[^\n]*\n)*[ \t]*(?:async[ \t]+)?def[ \t]+test/g,
  assertion:
    /(?:^|[;:])[ \t]*assert\b|\bself\.(?:assert|fail)\w*\s*\(|\bpytest\.(?:raises|warns|fail)\s*\(|(?<![\w.])(?:assert|check|verify|expect|ensure)_\w+\s*\(|\.assert_\w+\s*\(/gm,
  loose: new RegExp(
    String.raw`${pythonLoose}|\bself\.(?:assertTrue|assertFalse|assertIsNotNone|assertIsInstance|assertNot\w+|assertGreater\w*|assertLess\w*|assertIn)\s*\(|\.assert_called(?:_once)?\s*\(|\bpytest\.raises\(\s*(?:Base)?Exception\s*\)|\bself\.assertRaises\(\s*(?:Base)?Exception\b`,
    'gm',
  ),
  wild: /\bANY\b/g,
  tautology:
    /^[ \t]*assert[ \t]+(?:True|1|1[ \t]*==[ \t]*1)[ \t]*(?:,[^\n]*)?$|\bself\.assertTrue\(\s*True\s*\)|\bself\.assertEqual\(\s*(\w+)\s*,\s*\1\s*\)/gm,
};

const GO: TestLanguage = {
  isTestFile: (path) => path.endsWith('_test.go'),
  comments: C_LIKE,
  test: /^func\s+(?:\([^)]*\)\s*)?(?<name>(?:Test|Fuzz|Example)\w*)\s*\(/gm,
  skip: /\b[tbf]\.Skip(?:f|Now)?\s*\(|\.T\(\)\.Skip/g,
  rawSkip: /^\/\/\s*(?:go:build|\+build)\b/gm,
  assertion:
    /\b[tbf]\.(?:Error|Fatal)f?\s*\(|\b[tbf]\.Fail(?:Now)?\s*\(|\b(?:assert|require)\.\w+\s*\(|(?<![\w.])(?:assert|check|verify|expect|must|require)[A-Z]\w*\s*\(/g,
  loose: /\b(?:assert|require)\.(?:Not\w+|True|False|Contains|Greater\w*|Less\w*|Error|IsType)f?\s*\(/g,
  wild: /\bmock\.Anything\w*/g,
  tautology: /\b(?:assert|require)\.True\(\s*t\s*,\s*true\s*[,)]/g,
};

const RUST: TestLanguage = {
  isTestFile: (path) => path.endsWith('.rs'),
  comments: RUST_LIKE,
  test: /#\[(?:\w+::)*(?:test|rstest|test_case)\b[^\]]*\](?:\s*#\[[^\]]*\])*\s*(?:pub\s+)?(?:async\s+)?fn\s+(?<name>\w+)/g,
  skip: /#\[ignore\b|#\[cfg_attr\([^\]]*\bignore\b/g,
  assertion: /\b(?:debug_)?assert\w*!\s*[({[]|#\[should_panic\b|\bpanic!\s*[({[]|(?<![\w.])(?:assert|check|verify|expect|ensure)_\w+\s*\(/g,
  loose: /\bassert!\s*\((?![^;]*==)|\bassert_ne!|#\[should_panic\s*\]/g,
  tautology: /\bassert!\s*\(\s*true\s*[,)]|\bassert_eq!\s*\(\s*(\w+)\s*,\s*\1\s*\)/g,
};

const JVM: TestLanguage = {
  isTestFile: (path) =>
    /\.(?:java|kt|kts|groovy|scala)$/.test(path) && /(?:^|\/)src\/\w*[tT]est\w*\/|(?:Test|Tests|IT|Spec)\.\w+$/.test(path),
  comments: C_LIKE,
  test: /@(?:Test|ParameterizedTest|RepeatedTest|TestFactory|Property)\b[^;{}]{0,400}?(?:\bvoid|\bfun)\s+(?:(?<name>\w+)|`(?<method>[^`]+)`)\s*\(/g,
  skip: /@(?:Disabled\w*|Ignore)\b|\bassum(?:e|ing)\w*\s*\(|\benabled\s*=\s*false/g,
  retry: /@(?:RetryingTest|Retry|Flaky)\b/g,
  assertion: new RegExp(String.raw`${camelHelper}\s*\(|(?<![\w.])fail\s*\(|\.?\bshould(?:Be|Not|Throw|Equal|Contain|Have)\w*`, 'g'),
  loose:
    /\.(?:isNotNull|isNotEmpty|isTrue|isFalse|isInstanceOf|isPositive|isNotEqualTo|isGreaterThan\w*|isLessThan\w*|hasSizeGreaterThan)\s*\(|\bassert(?:True|False|NotNull|NotEquals|NotSame|DoesNotThrow)\s*\(|\bassertThrows\(\s*(?:Exception|Throwable)\b|\bshouldNotBe\w*/g,
  wild: /\bany(?:\(\)|\w*\(\))/g,
  tautology: /\bassertTrue\(\s*true\s*\)|\bassertEquals\(\s*(\w+)\s*,\s*\1\s*\)/g,
};

/** What is said of an example or group beside its name: the same names elsewhere are data. */
const rubyMetadata = String.raw`^[ \t]*(?:RSpec\.)?(?:it|specify|scenario|example|describe|context|feature)\b(?:(?!\bdo\b)[^\n{])*`;

const RUBY: TestLanguage = {
  isTestFile: (path) => /_(?:spec|test)\.rb$|(?:^|\/)(?:spec|test)\/.*\.rb$/.test(path) && !/(?:spec|test|rails)_helper\.rb$/.test(path),
  comments: RUBY_LIKE,
  test: /^[ \t]*(?:(?:it|specify|scenario|test|example|should)[ \t]*\(?[ \t]*(?:(?<quote>['"])(?<name>(?:\\.|(?!\k<quote>)[^\\])*)\k<quote>|\{)|def[ \t]+(?<method>test_\w+))/gm,
  skip: new RegExp(
    String.raw`(?<![\w.])x(?:it|describe|context|specify|scenario)\b|^[ \t]*(?:skip|pending)\b(?![ \t]*[=.:+<])|${rubyMetadata}(?:,\s*:(?:skip|pending)\b|\b(?:skip|pending):\s*(?!false))`,
    'gm',
  ),
  only: new RegExp(String.raw`(?<![\w.])f(?:it|describe|context)\b(?![ \t]*[=.])|${rubyMetadata}(?:,\s*:focus\b|\bfocus:\s*true)`, 'gm'),
  retry: new RegExp(String.raw`${rubyMetadata}\bretry:\s*[1-9]`, 'gm'),
  assertion:
    /(?<![\w.])(?:expect|assert|refute|is_expected|must|check|verify|ensure)(?:_\w+)?(?=[\s({.])|\.(?:should|must_\w+|wont_\w+)\b/g,
  loose:
    /\bbe_(?:truthy|falsey|present|a|an|within|kind_of|instance_of)\b|\.(?:not_to|to_not|should_not)\b|(?<![\w.])assert[ \t(]|\b(?:refute_nil|assert_not_nil|assert_instance_of)\b|\braise_error[ \t]*$/gm,
  wild: /\b(?:anything|any_args)\b/g,
  tautology: /\bexpect\(\s*true\s*\)\.to\s+(?:be|eq)\W+true\b|(?<![\w.])assert[ \t(]+true\b/g,
};

const LANGUAGES: readonly TestLanguage[] = [JAVASCRIPT, PYTHON, GO, RUST, JVM, RUBY];

/** The language in whose tests this file is one, if any. */
export const testLanguageOf = (path: string): TestLanguage | undefined => LANGUAGES.find((language) => language.isTestFile(path));
