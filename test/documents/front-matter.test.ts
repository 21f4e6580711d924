import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { joinFrontMatter, parseFrontMatter, parseYaml, splitFrontMatter } from '../../src/documents/front-matter.ts';

const source = { name: 'note.md', code: 'forge_file_invalid', hint: 'mend it' } as const;

describe('splitFrontMatter', () => {
  test('takes apart what joinFrontMatter put together', () => {
    const data = { title: 'a: "b" #c', sha: '1234567', list: ['x', '- y'], long: 'word '.repeat(60).trim() };
    const body = '    indented\n\n---\nnot: front matter\n---';
    const { frontMatter, body: again } = splitFrontMatter(joinFrontMatter(data, `\n\n${body}\n\n`));
    expect(again).toBe(body);
    expect(parseYaml(frontMatter ?? '', source)).toEqual(data);
  });

  test('takes line ends of Windows and a byte order mark', () => {
    expect(splitFrontMatter('\ufeff---\r\na: 1\r\n---\r\nb\r\n')).toEqual({ frontMatter: 'a: 1\n', body: 'b' });
  });

  test('leaves a text alone whose first rule is never closed', () => {
    expect(splitFrontMatter('---\na: 1\n')).toEqual({ body: '---\na: 1' });
  });

  test('takes empty front matter and an empty body', () => {
    expect(splitFrontMatter('---\n---')).toEqual({ frontMatter: '', body: '' });
  });
});

describe('parseFrontMatter', () => {
  const schema = z.looseObject({ title: z.string(), state: z.enum(['open', 'closed']) });
  const parse = (text: string): unknown => parseFrontMatter(text, schema, source);

  test('names the file and every wrong key', () => {
    expect(() => parse('---\ntitle: 1\nstate: opne\n---\n')).toThrow(
      /^note\.md cannot be used: title: .*string.*; state: .*"open"\|"closed"/,
    );
  });

  test('names the line of a mistake in the YAML, counted in the file', () => {
    expect(() => parse('---\nstate: open\ntitle: Fix: it\n---\n')).toThrow(/line 3: Nested mappings/);
  });

  test('says that front matter is missing', () => {
    expect(() => parse('just text')).toThrow(/does not begin with front matter/);
  });

  test('refuses aliases, of which a few lines can stand for gigabytes', () => {
    expect(() => parse('---\na: &a [x, x]\nb: &b [*a, *a]\n---\n')).toThrow(
      expect.objectContaining({ code: 'forge_file_invalid', hint: 'mend it' }),
    );
  });
});
