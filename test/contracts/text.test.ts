import { describe, expect, test } from 'vitest';
import { plainLine, plainText, slug } from '../../src/contracts/text.ts';

describe('plainText', () => {
  test('keeps text, newlines, tabs and letters of all languages', () => {
    const text = 'a\tb\nnaïve Größe 日本 👩‍👩‍👧 {{x}} $(rm -rf /) `id`';
    expect(plainText(text)).toBe(text);
  });

  test.each([
    ['colours', 'a\u001b[31;1mred\u001b[0mb', 'aredb'],
    ['a title for the terminal', 'a\u001b]0;owned\u0007b', 'ab'],
    ['a link', 'a\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\b', 'atextb'],
    ['an unterminated string, up to its line end', 'a\u001b]52;c;AAAA\nb', 'a\nb'],
    ['cursor movement in eight bits', 'a\u009b2Jb', 'ab'],
    ['a reset', 'a\u001bcb', 'ab'],
    ['a lone escape at the end', 'a\u001b', 'a'],
    ['bells, backspaces and NUL', 'a\u0007\b\u0000\u007f\u0085b', 'ab'],
    ['words that nobody sees', 'a\u200b\u2060\ufeff\u{e0068}\u{e0069}b', 'ab'],
    ['text in reversed direction', 'a\u202egpj.exe\u202cb', 'agpj.exeb'],
  ])('removes %s', (_, text, expected) => {
    expect(plainText(text)).toBe(expected);
  });

  test('makes every line end a newline', () => {
    expect(plainText('a\r\nb\rc')).toBe('a\nb\nc');
  });

  test('is done with a long hostile text in linear time', () => {
    expect(plainText('\u001b]'.repeat(100_000))).toBe('');
  });
});

describe('plainLine', () => {
  test('is one line, cut to its length by whole characters', () => {
    expect(plainLine('  a\n b\tc ')).toBe('a b c');
    expect(plainLine('👍'.repeat(10), 5)).toBe('👍👍👍👍…');
  });
});

describe('slug', () => {
  test.each([
    ['Total is negative!', 'total-is-negative'],
    ['Größe à la carte', 'grosse-a-la-carte'],
    ['日本語', 'work'],
    ['', 'work'],
    ['../../etc/passwd; rm -rf /', 'etc-passwd-rm-rf'],
    ['--upload-pack=x @{-1} a..b.lock', 'upload-pack-x-1-a-b-lock'],
  ])('makes %j into %s', (title, expected) => {
    expect(slug(title)).toBe(expected);
  });

  test('cuts between words at 40 characters', () => {
    expect(slug('Coupons can make the total negative and their order matters')).toBe('coupons-can-make-the-total-negative-and');
    expect(slug('x'.repeat(100))).toBe('x'.repeat(40));
  });
});
