import { describe, expect, it } from 'vitest';
import { findWeakening } from '../../src/checks/weakening.ts';
import type { ChangedFile } from '../../src/checks/weakening.ts';
import { GO, JAVA, NODE_TEST, PYTEST, RSPEC, RUST, UNITTEST, VITEST } from './test-samples.ts';

const change = (path: string, before: string | undefined, after: string | undefined): ChangedFile => ({ path, before, after });
const kindsOf = (...files: ChangedFile[]): string[] => findWeakening(files).map(({ kind }) => kind);

/** A file, what it said, and how a fix changed it: the text found and the text in its place. */
type Case = [title: string, path: string, before: string, find: string, replacement: string];

const WEAKER: [...Case, string[]][] = [
  ['a test is removed', 'src/cart.test.ts', VITEST, VITEST.slice(VITEST.indexOf("it('refuses")), '', ['removed']],
  ['a test is commented out', 'a.test.js', NODE_TEST, "test('doubles'", "// test('doubles'", ['removed']],
  [
    'a test is put into a block comment',
    'a.test.js',
    NODE_TEST,
    "test('doubles', () => assert.deepEqual(twice([2]), [4]));",
    "/* test('doubles', () => assert.deepEqual(twice([2]), [4])); */",
    ['removed'],
  ],
  ['a test is skipped', 'src/cart.test.ts', VITEST, "it('adds", "it.skip('adds", ['skipped']],
  ['a test becomes a todo', 'a.test.js', NODE_TEST, "test('adds', ", "test('adds', { todo: true }, ", ['skipped']],
  ['a test is skipped by an option', 'a.test.js', NODE_TEST, "test('adds', ", "test('adds', { skip: 'flaky' }, ", ['skipped']],
  ['a test is skipped from within', 'test/a.js', NODE_TEST, "test('adds', () => ", "test('adds', (t) => t.skip() || ", ['skipped']],
  ['a test is turned to xit', 'src/cart.spec.ts', VITEST, "it('adds", "xit('adds", ['removed', 'skipped']],
  ['a test is expected to fail', 'src/cart.test.ts', VITEST, "it('adds", "it.fails('adds", ['skipped']],
  [
    'a suite is skipped',
    'src/cart.test.ts',
    `describe('cart', () => {\n${VITEST}});`,
    "describe('cart'",
    "describe.skip('cart'",
    ['skipped'],
  ],
  ['another test alone is run', 'src/cart.test.ts', VITEST, "it('refuses", "it.only('refuses", ['focused']],
  ['failing tests are tried again', 'src/cart.test.ts', VITEST, "it('adds prices', ", "it('adds prices', { retry: 3 }, ", ['retried']],
  ['an assertion is removed', 'src/cart.test.ts', VITEST, '  expect(total([1, 2])).toBe(3);\n', '', ['assertions']],
  ['an assertion is commented out', 'src/cart.test.ts', VITEST, '  expect(total([1, 2]))', '  // expect(total([1, 2]))', ['assertions']],
  [
    'an assertion is replaced by one that cannot fail',
    'src/cart.test.ts',
    VITEST,
    'expect(total([1, 2])).toBe(3)',
    'expect(true).toBe(true)',
    ['assertions'],
  ],
  ['an exact value becomes any defined one', 'src/cart.test.ts', VITEST, 'toBe(3)', 'toBeDefined()', ['loosened']],
  ['an exact value becomes a bound', 'src/cart.test.ts', VITEST, 'toBe(3)', 'toBeGreaterThan(0)', ['loosened']],
  ['an exact value becomes anything of its kind', 'src/cart.test.ts', VITEST, 'toEqual(0)', 'toEqual(expect.any(Number))', ['loosened']],
  ['an error may be any', 'src/cart.test.ts', VITEST, "toThrow('negative')", 'toThrow()', ['loosened']],
  ['an assertion is turned around', 'src/cart.test.ts', VITEST, '.toBe(3)', '.not.toBe(4)', ['loosened']],
  ['an equality becomes a truth', 'a.test.js', NODE_TEST, 'assert.equal(sum(1, 2), 3)', 'assert.ok(sum(1, 2))', ['loosened']],
  [
    'a test is renamed and loosened',
    'a.test.js',
    NODE_TEST,
    "test('adds', () => assert.equal(sum(1, 2), 3))",
    "test('gives something', () => assert.ok(sum(1, 2)))",
    ['loosened'],
  ],
  [
    'a test is emptied while another one gets more',
    'a.test.js',
    NODE_TEST,
    "assert.equal(sum(1, 2), 3));\ntest('doubles', () =>",
    "{});\ntest('doubles', () => assert.equal(1, one) ||",
    ['assertions'],
  ],
  [
    'a subtest is skipped',
    'a.test.js',
    "test('adds', (t) => t.test('two', () => assert.equal(2, two)));\n",
    "t.test('two', ",
    "t.test('two', { concurrency: 1, skip: process.env.CI }, ",
    ['skipped'],
  ],
  [
    'a table of tests is skipped',
    'a.test.js',
    "test.each([1, 2])('adds %i', (a) => expect(a).toBe(a));\n",
    "'adds %i', ",
    "'adds %i', { retry: 2 }, ",
    ['retried'],
  ],
  [
    'a python assertion over several lines is loosened',
    'tests/test_cart.py',
    PYTEST,
    'assert total([1, 2]) == 3',
    'assert (\n        total([1, 2])\n    )',
    ['loosened'],
  ],
  ['a python test is renamed away', 'tests/test_cart.py', PYTEST, 'def test_adds', 'def _test_adds', ['removed']],
  [
    'a python test is skipped',
    'tests/test_cart.py',
    PYTEST,
    'def test_adds',
    '@pytest.mark.skip(reason="flaky")\ndef test_adds',
    ['skipped'],
  ],
  ['a python test may fail', 'tests/test_cart.py', PYTEST, 'def test_adds', '@pytest.mark.xfail\ndef test_adds', ['skipped']],
  [
    'a python test skips itself',
    'tests/test_cart.py',
    PYTEST,
    '    assert total([1, 2]) == 3',
    '    pytest.skip("later")\n    assert total([1, 2]) == 3',
    ['skipped'],
  ],
  ['a python assertion is loosened', 'tests/test_cart.py', PYTEST, 'assert total([1, 2]) == 3', 'assert total([1, 2])', ['loosened']],
  ['a python assertion cannot fail', 'tests/test_cart.py', PYTEST, 'assert total([1, 2]) == 3', 'assert True', ['assertions']],
  [
    'a python error may be any',
    'tests/test_cart.py',
    PYTEST,
    'pytest.raises(ValueError, match="negative")',
    'pytest.raises(Exception)',
    ['loosened'],
  ],
  [
    'a python test is put into a text',
    'tests/test_cart.py',
    PYTEST,
    PYTEST.slice(PYTEST.indexOf('def test_refuses')),
    `"""\n${PYTEST.slice(PYTEST.indexOf('def test_refuses'))}"""\n`,
    ['removed'],
  ],
  [
    'a unittest assertion is loosened',
    'tests/test_cart.py',
    UNITTEST,
    'self.assertEqual(total([1, 2]), 3)',
    'self.assertTrue(total([1, 2]))',
    ['loosened'],
  ],
  [
    'a unittest is skipped',
    'tests/test_cart.py',
    UNITTEST,
    '        self.assertEqual',
    '        self.skipTest("no")\n        self.assertEqual',
    ['skipped'],
  ],
  ['a go test is renamed away', 'cart_test.go', GO, 'func TestAdds', 'func testAdds', ['removed']],
  ['a go test is skipped', 'cart_test.go', GO, '\tif got', '\tt.Skip("flaky")\n\tif got', ['skipped']],
  ['a go file is kept out of the build', 'cart_test.go', GO, 'package cart', '//go:build integration\n\npackage cart', ['skipped']],
  ['a go failure becomes a line of the log', 'cart_test.go', GO, 't.Errorf', 't.Logf', ['assertions']],
  ['a go assertion is loosened', 'cart_test.go', GO, 'require.Equal(t, 0, Total())', 'require.NotNil(t, Total())', ['loosened']],
  ['a rust test is ignored', 'src/cart.rs', RUST, '    fn adds', '    #[ignore]\n    fn adds', ['skipped']],
  ['a rust assertion is loosened', 'src/cart.rs', RUST, 'assert_eq!(total(&[1, 2]), 3)', 'assert!(total(&[1, 2]) > 0)', ['loosened']],
  ['a rust panic may be any', 'src/cart.rs', RUST, '#[should_panic(expected = "too many")]', '#[should_panic]', ['loosened']],
  ['rust tests are not compiled', 'src/cart.rs', RUST, '#[cfg(test)]\n', '#[cfg(any())]\n', ['removed']],
  [
    'a java test is disabled',
    'src/test/java/CartTest.java',
    JAVA,
    '  @Test\n  void adds',
    '  @Test\n  @Disabled("flaky")\n  void adds',
    ['skipped'],
  ],
  ['a java test loses its annotation', 'src/test/java/CartTest.java', JAVA, '  @Test\n  void adds', '  void adds', ['removed']],
  ['a java assertion is loosened', 'src/test/java/CartTest.java', JAVA, '.isEqualTo(3)', '.isNotNull()', ['loosened']],
  [
    'a kotlin test assumes what does not hold',
    'src/test/kotlin/CartTest.kt',
    '@Test\nfun `adds two`() {\n  assertEquals(3, total(1, 2))\n}\n',
    '  assertEquals',
    '  assumeTrue(false)\n  assertEquals',
    ['skipped'],
  ],
  ['a ruby example is pending', 'spec/cart_spec.rb', RSPEC, "it 'adds' do", "it 'adds' do\n    pending", ['skipped']],
  ['a ruby example is turned to xit', 'spec/cart_spec.rb', RSPEC, "it 'adds'", "xit 'adds'", ['removed', 'skipped']],
  [
    'a ruby example is skipped by what is said of it',
    'spec/cart_spec.rb',
    RSPEC,
    "it 'adds' do",
    "it 'adds', skip: 'flaky' do",
    ['skipped'],
  ],
  ['a ruby group is pending', 'spec/cart_spec.rb', RSPEC, "it 'adds' do", "it 'adds', :slow, :pending do", ['skipped']],
  ['a ruby example alone is run', 'spec/cart_spec.rb', RSPEC, "it 'adds'", "it 'adds', :focus", ['focused']],
  ['a ruby expectation is loosened', 'spec/cart_spec.rb', RSPEC, 'to eq(3)', 'to be_truthy', ['loosened']],
];

const LEGITIMATE: Case[] = [
  ['an expectation is corrected', 'src/cart.test.ts', VITEST, 'toBe(3)', 'toBe(4)'],
  ['an expected text is corrected', 'src/cart.test.ts', VITEST, "toThrow('negative')", "toThrow('below zero')"],
  ['an input is corrected', 'a.test.js', NODE_TEST, 'sum(1, 2)', 'sum(2, 1)'],
  ['a test is renamed', 'src/cart.test.ts', VITEST, "it('adds prices'", "it('adds up all prices'"],
  ['a test is added', 'src/cart.test.ts', VITEST, "it('refuses", "it('adds one', () => expect(total([1])).toBe(1));\n\nit('refuses"],
  [
    'a test with a placeholder for any value is added',
    'src/cart.test.ts',
    VITEST,
    "it('refuses",
    "it('has an id', () => expect(make()).toEqual({ id: expect.any(String) }));\n\nit('refuses",
  ],
  [
    'an assertion is made stricter',
    'a.test.js',
    NODE_TEST.replace('assert.equal(sum(1, 2), 3)', 'assert.ok(sum(1, 2))'),
    'assert.ok(sum(1, 2))',
    'assert.equal(sum(1, 2), 3)',
  ],
  ['a matcher is replaced by its like', 'src/cart.test.ts', VITEST, 'toEqual(0)', 'toStrictEqual(0)'],
  ['a sum of fractions is compared as such', 'src/cart.test.ts', VITEST, 'toBe(3)', 'toBeCloseTo(3)'],
  ['an import is mended', 'src/cart.test.ts', VITEST, "'./cart'", "'../src/cart.js'"],
  ['set-up is added', 'src/cart.test.ts', VITEST, "it('adds", "beforeEach(() => reset());\n\nit('adds"],
  ['a promise is awaited', 'src/cart.test.ts', VITEST, 'expect(total([1, 2]))', 'expect(await total([1, 2]))'],
  [
    'assertions go into a helper that says what it is',
    'a.test.js',
    NODE_TEST,
    "test('adds', () => assert.equal(sum(1, 2), 3));",
    "const expectSum = (a, b, c) => assert.equal(sum(a, b), c);\ntest('adds', () => expectSum(1, 2, 3));",
  ],
  ['a comment speaks of skipping', 'src/cart.test.ts', VITEST, "it('adds", "// do not it.skip( this\nit('adds"],
  ['a skipped test is run again', 'src/cart.test.ts', VITEST.replace("it('adds", "it.skip('adds"), "it.skip('adds", "it('adds"],
  [
    'code beside the tests says `skip`',
    'src/list.ts',
    'export const page = (all, { skip, take }) => all;\n',
    'all;',
    'all.slice(skip, skip + take);',
  ],
  ['a python expectation is corrected', 'tests/test_cart.py', PYTEST, '== 3', '== 4'],
  ['a python fraction is compared as such', 'tests/test_cart.py', PYTEST, '== 3', '== pytest.approx(3)'],
  ['a python fixture is added', 'tests/test_cart.py', PYTEST, 'def test_adds():', 'def test_adds(tmp_path):'],
  ['a go expectation is corrected', 'cart_test.go', GO, 'got != 3', 'got != 4'],
  ['a go failure ends the test', 'cart_test.go', GO, 't.Errorf', 't.Fatalf'],
  ['a rust expectation is corrected', 'src/cart.rs', RUST, ', 3)', ', 4)'],
  ['an assertion of the program itself goes', 'src/cart.rs', RUST, 'assert!(prices.len() < 100); ', ''],
  ['a java expectation is corrected', 'src/test/java/CartTest.java', JAVA, 'isEqualTo(3)', 'isEqualTo(4)'],
  ['a ruby expectation is corrected', 'spec/cart_spec.rb', RSPEC, 'eq(3)', 'eq(4)'],
];

const replaced = ([, path, before, find, replacement]: Case): ChangedFile => {
  if (!before.includes(find)) throw new Error(`${find} is not in the text.`);
  return change(
    path,
    before,
    before.replace(find, () => replacement),
  );
};

describe('a change that has tests find less', () => {
  it.each(WEAKER)('is noticed where %s', (title, path, before, find, replacement, kinds) => {
    expect(kindsOf(replaced([title, path, before, find, replacement]))).toEqual(kinds);
  });

  it('is noticed where a file of tests is deleted', () => {
    expect(findWeakening([change('src/cart.test.ts', VITEST, undefined)])).toEqual([
      { kind: 'removed', message: '2 tests were removed: "adds prices", "refuses a negative price"' },
    ]);
  });

  it('is noticed where a file is moved to where it is no test', () => {
    expect(kindsOf(change('src/cart.test.ts', VITEST, undefined), change('src/cart.test.ts.off', undefined, VITEST))).toEqual(['removed']);
  });

  it('is noticed where kept results are deleted', () => {
    const before = 'exports[`a 1`] = `1`;\n\nexports[`b 1`] = `2`;\n';
    expect(kindsOf(change('__snapshots__/a.test.js.snap', before, before.slice(0, 22)))).toEqual(['snapshots']);
  });
});

describe('a change that tests may go through', () => {
  it.each(LEGITIMATE)('is none where %s', (...each) => {
    expect(findWeakening([replaced(each)])).toEqual([]);
  });

  it('is none where tests are moved to another file', () => {
    expect(kindsOf(change('src/cart.test.ts', VITEST, undefined), change('test/cart.test.ts', undefined, VITEST))).toEqual([]);
  });

  it('is none where kept results change, or go with their test', () => {
    const snapshot = 'exports[`a 1`] = `1`;\n';
    expect(kindsOf(change('a.test.js.snap', snapshot, snapshot.replace('`1`', '`2`')))).toEqual([]);
    expect(kindsOf(change('a.test.js.snap', snapshot, ''), change('a.test.js', NODE_TEST, undefined))).toEqual(['removed']);
  });
});
