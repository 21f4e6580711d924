import { describe, expect, it } from 'vitest';
import { jsonInText } from '../../src/engines/json-in-text.ts';

describe('the JSON of a text', () => {
  it('is the whole text, or its last fenced block', () => {
    expect(jsonInText(' {"a": 1}\n')).toEqual({ a: 1 });
    expect(jsonInText('First:\n```json\n{"a": 1}\n```\nNo, better:\n```json\n[2]\n```\nDone.')).toEqual([2]);
  });

  it('is missing where there is none, where it is broken, and where it is a bare word or number', () => {
    for (const text of ['', 'no', '42', '"word"', 'null', '```json\n{"a": \n```', 'Take {"a": 1} of it'])
      expect(jsonInText(text)).toBeUndefined();
  });
});
