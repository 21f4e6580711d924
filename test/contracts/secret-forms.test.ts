import { expect, it } from 'vitest';
import { withoutSecret } from '../../src/contracts/secret-forms.ts';

const SECRET = 'canary-of-a-token+5rdn_1uMELJ8/x';
const wrapped = (text: string, width: number): string => (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join('\n');

it('a secret is taken out as it is, in JSON, in an address and in base64', () => {
  for (const form of [SECRET, encodeURIComponent(SECRET), Buffer.from(SECRET).toString('base64')])
    expect(withoutSecret(`a ${form} b`, SECRET, '-')).toMatch(/^a -.{0,2} b$/);
  const quoted = 'a"quoted\\secret';
  expect(withoutSecret(JSON.stringify({ quoted }), quoted, '-')).toBe('{"quoted":"-"}');
});

it('of one whose base64 goes on in the next line, at most a third is left', () => {
  for (let shift = 0; shift < 80; shift++) {
    const text = wrapped(Buffer.from(`${'u'.repeat(shift)}${SECRET}\n`).toString('base64'), 76);
    const left = withoutSecret(text, SECRET, '-').replaceAll(/[-\n]/g, '');
    const before = Math.floor((shift * 4) / 3);
    expect(left.length - before, `after ${shift}`).toBeLessThanOrEqual(Math.ceil((SECRET.length * 4) / 3 / 3) + 4);
  }
});
