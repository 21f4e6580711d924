import { expect, test } from 'vitest';
import { visibleText } from '../../src/contracts/visible-text.ts';

const tagged = (text: string): string => String.fromCodePoint(...[...text].map((character) => 0xe0000 + (character.codePointAt(0) ?? 0)));

test.each([
  ['a comment', 'Do this. <!-- And that. -->Please.', 'Do this. Please.'],
  ['a comment over lines', 'Do this.\n<!--\nAnd that.\n-->\nPlease.', 'Do this.\n\nPlease.'],
  ['a comment that is not closed', 'Do this.\n<!-- And that.\n\nAll of it.', 'Do this.'],
  ['a link that nothing uses', 'Do this.\n\n[//]: # (And that.)\n[x]: <#> "And that."', 'Do this.'],
  ['zero-width characters', 'pass\u200bword\ufeff', 'password'],
  ['characters that turn the direction', 'a\u202eb\u2066c\u200fd', 'abcd'],
  ["Unicode's tags", `Do this.${tagged('And that.')}`, 'Do this.'],
  ['joiners between letters', 'a\u200db\u200cc', 'abc'],
  ['terminal escapes', 'Do \u001b]0;title\u0007this.', 'Do this.'],
  ['a comment behind a backtick that is none', 'Do \\` this <!-- And that. --> `x', 'Do \\` this  `x'],
  ['a comment between cells', '| ` | <!-- And that. --> ` |', '| ` |  ` |'],
  ['a comment between lines with a backtick each', 'Do `\n<!-- And that. -->\nthis`', 'Do `\n\nthis`'],
  ['a comment in an indented fence, whose end nobody knows', '- x\n  ```\n<!-- And that. -->', '- x\n  ```'],
])('%s is not seen', (_what, markdown, seen) => {
  expect(visibleText(markdown)).toBe(seen);
});

test.each([
  ['a comment in a fence', 'See:\n```html\n<!-- shown -->\n```\nDone.'],
  ['a comment in a longer fence', '~~~~\n~~~\n<!-- shown -->\n~~~~\nDone.'],
  ['a comment in a fence that is not closed', '```\n<!-- shown -->'],
  ['a comment in code', 'The tag `<!-- more -->` and ``a ` <!-- b -->``.'],
  ['a link that is used', '[docs]: https://example.com (Docs)'],
  ['emoji of several', '👩‍💻 and 🏳️‍🌈'],
  ['Persian', 'می‌خواهم'],
])('%s is seen', (_what, markdown) => {
  expect(visibleText(markdown)).toBe(markdown);
});

test('a text made to be slow is read at once', () => {
  for (const unit of ['`', '<!--', '``` ', '[x]: ', '`a', '~~~\n', '['])
    expect(visibleText(unit.repeat(60_000)).length).toBeLessThanOrEqual(300_000);
});
