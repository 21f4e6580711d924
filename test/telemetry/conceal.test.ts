import { expect, test } from 'vitest';
import { createConcealer, forbiddenOf } from '../../src/telemetry/conceal.ts';

const holding = (...values: string[]) => ({ known: () => values });
const SECRET = 'k3y-"with" ä/sign?';

test.each<[string, string]>([
  ['as it is', SECRET],
  ['in JSON', JSON.stringify({ key: SECRET })],
  ['in an address', `https://host/?key=${encodeURIComponent(SECRET)}`],
  ...[0, 1, 2, 3].map((shift): [string, string] => [
    `in base64, ${shift} bytes in`,
    Buffer.from(`${'u'.repeat(shift)}${SECRET}${'.'.repeat(shift)}`).toString('base64'),
  ]),
  ['in base64url', Buffer.from(`u:${SECRET}`).toString('base64url')],
])('a secret is taken out %s', (_, text) => {
  const clean = createConcealer([holding(SECRET)])(text);
  expect(clean).toContain('[redacted]');
  for (const form of [SECRET, encodeURIComponent(SECRET), JSON.stringify(SECRET).slice(1, -1)]) expect(clean).not.toContain(form);
  expect(Buffer.from(clean, 'base64').toString()).not.toContain('k3y');
});

test('of an address the password, and what a chat service knows its users by, are taken out too', () => {
  const conceal = createConcealer([holding('postgres://ada:pa%24sword@db/belay', 'https://hooks.example.com/services/T0/B1')]);
  expect(conceal('password "pa$sword" of ada, pa%24sword')).toBe('password "[redacted]" of ada, [redacted]');
  expect(conceal('POST /services/T0/B1 at hooks.example.com')).toBe('POST [redacted] at hooks.example.com');
  expect(conceal('db/belay')).toBe('db/belay');
});

test('a value that is known later is taken out from then on, as are those before', () => {
  const values = ['first-value'];
  const conceal = createConcealer([{ known: () => values }]);
  const forbidden = forbiddenOf([{ known: () => values }]);
  const has = (text: string) => forbidden().some((form) => form.equals(Buffer.from(text)));
  expect([conceal('second-value'), has('second-value')]).toEqual(['second-value', false]);
  values.push('second-value');
  expect(conceal('first-value second-value')).toBe('[redacted] [redacted]');
  expect([has('first-value'), has('second-value')]).toEqual([true, true]);
});
