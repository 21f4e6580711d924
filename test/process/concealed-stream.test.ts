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

test('a secret whose last letters begin another one is taken out where a chunk ends with it', () => {
  const stream = streamOf('token-ghp', 'ghp_other');
  const given = [stream.push(Buffer.from('my token-ghp')), stream.push(Buffer.from('. token-ghp_other')), stream.end()];
  expect(given.map(String).join('')).toBe('my [redacted]. [redacted]_other');
});

test('wherever a chunk ends, nothing is given that is not given of the whole', () => {
  const forms = ['other-than-token', 'token-ghp', 'ghp_other'];
  const text = 'a token-ghp, ghp_other token-ghp ghp_ other-than-token-ghp other-than token-gh';
  const given = (...chunks: string[]): string => {
    const stream = streamOf(...forms);
    return [...chunks.map((chunk) => stream.push(Buffer.from(chunk))), stream.end()].map(String).join('');
  };
  for (let at = 1; at < text.length; at++) expect(given(text.slice(0, at), text.slice(at)), `at ${at}`).toBe(given(text));
});
