import { expect, test } from 'vitest';
import { ConcealedStream } from '../../src/process/concealed-stream.ts';

const streamOf = (...forms: string[]): ConcealedStream => {
  const forbidden = forms.map((form) => Buffer.from(form));
  return new ConcealedStream(() => forbidden);
};

test('an end that begins a longer secret is given without the shorter one in it', () => {
  const stream = streamOf('postgres://ada:pa55word@db/belay', 'pa55word');
  expect(String(stream.push(Buffer.from('at postgres://ada:pa55word')))).toBe('at ');
  expect(String(stream.end())).toBe('postgres://ada:[redacted]');
});
