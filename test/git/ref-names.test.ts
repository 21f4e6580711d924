import { expect, test } from 'vitest';
import { assertRefName, assertSha } from '../../src/git/ref-names.ts';

test.each(['main', 'feature/login', 'belay/bug-12-cart-abcd1234', 'refs/belay/abcd1234/checkpoint', 'größe', 'v1.2'])(
  'accepts the name %s',
  (name) => {
    expect(assertRefName(name)).toBe(name);
  },
);

test.each([
  '',
  '@',
  '-x',
  'a..b',
  'a b',
  'a~1',
  'a^',
  'a:b',
  'a?',
  'a*',
  'a[',
  'a\\b',
  '/a',
  'a/',
  'a//b',
  '.a',
  'a/.b',
  'a.lock',
  'a.lock/b',
  'a.',
  'a@{1}',
  'a\nb',
])('refuses the name %j', (name) => {
  expect(() => assertRefName(name)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});

test('wants whole object ids', () => {
  expect(assertSha('a'.repeat(40))).toHaveLength(40);
  for (const sha of ['HEAD', 'a'.repeat(39), '--help', 'A'.repeat(40)]) expect(() => assertSha(sha)).toThrow(/full git object id/);
});
