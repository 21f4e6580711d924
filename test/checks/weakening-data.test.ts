import { describe, expect, it } from 'vitest';
import { findWeakening } from '../../src/checks/weakening.ts';
import { NODE_TEST, PYTEST, RSPEC, VITEST } from './test-samples.ts';

/** Changes that only look like such as have tests find less: what a fix changed, and the text in its place. */
const HONEST: [title: string, path: string, before: string, find: string, replacement: string][] = [
  ['an input says `skip`', 'src/cart.test.ts', VITEST, 'total([1, 2])', 'total([1, 2], { skip: 5, take: 5 })'],
  ['an input is a todo', 'src/cart.test.ts', VITEST, 'total([1, 2])', "total([1, 2], { todo: 'milk' })"],
  ['an input says `retries`', 'src/cart.test.ts', VITEST, 'total([1, 2])', 'total([1, 2], { retries: 3 })'],
  ['a model is fitted', 'src/cart.test.ts', VITEST, "it('adds prices', () => {", "it('adds prices', () => {\n  fit(model);"],
  [
    'a distance is bounded',
    'src/cart.test.ts',
    VITEST,
    'expect(total([1, 2])).toBe(3)',
    'expect(Math.abs(total([1, 2]) - 3)).toBeLessThan(1e-9)',
  ],
  ['a distance is small', 'a.test.js', NODE_TEST, 'assert.equal(sum(1, 2), 3)', 'assert.ok(Math.abs(sum(1, 2) - 3) < 1e-9)'],
  [
    'a python assertion takes several lines',
    'tests/test_cart.py',
    PYTEST,
    'assert total([1, 2]) == 3',
    'assert (\n        total([1, 2])\n        == 3\n    )',
  ],
  ['a python fraction is near enough', 'tests/test_cart.py', PYTEST, 'total([1, 2]) == 3', 'math.isclose(total([1, 2]), 3)'],
  ['a python distance is small', 'tests/test_cart.py', PYTEST, 'total([1, 2]) == 3', 'abs(total([1, 2]) - 3) < 1e-9'],
  [
    'a python helper retries',
    'tests/test_cart.py',
    PYTEST,
    'def test_adds():\n',
    'def test_adds():\n    @retry(times=3)\n    def again():\n        return 1\n',
  ],
  [
    'a go error is refused by its name',
    'cart_test.go',
    'package cart\n\nfunc TestA(t *testing.T) {\n\tif err != nil {\n\t\tt.Fatal(err)\n\t}\n}\n',
    'if err != nil {\n\t\tt.Fatal(err)\n\t}',
    'require.NoError(t, err)',
  ],
  ['ruby data is pending', 'spec/cart_spec.rb', RSPEC, 'to eq(3)', 'to eq(order(:pending, status: :pending, pending: 3))'],
  ['a ruby variable is called pending', 'spec/cart_spec.rb', RSPEC, "it 'adds' do", "it 'adds' do\n    pending = order"],
];

describe('a change that says what a weakening would say', () => {
  it.each(HONEST)('is none where %s', (_, path, before, find, replacement) => {
    expect(before).toContain(find);
    expect(findWeakening([{ path, before, after: before.replace(find, () => replacement) }])).toEqual([]);
  });
});
