import { expect, test } from 'vitest';
import { createConcealer, forbiddenOf, hasWeakPassword } from '../../src/telemetry/conceal.ts';

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

test.each([
  ['postgres://postgres:postgres@localhost/belay', 'postgres'],
  ['postgres://ada:db.example@db.example/belay', 'db.example'],
  ['postgres://ada:belay-1@localhost/belay-1', 'belay-1'],
  ['postgres://ada:client@localhost/belay', 'client'],
  ['https://chat.example/webhooks', '/webhooks'],
])('of %s what agents may say for other reasons is left to them, but not the whole', (address, part) => {
  const forbidden = forbiddenOf([holding(address)])().map(String);
  expect(forbidden).toContain(address);
  expect(forbidden).not.toContain(part);
  expect(createConcealer([holding(address)])(part)).toBe('[redacted]');
  expect(hasWeakPassword(address)).toBe(address.startsWith('postgres'));
});

test.each([
  ['postgres://ada:pa%24sword@db/belay', 'pa$sword'],
  ['postgres://ada:correcthorsebattery@db/belay', 'correcthorsebattery'],
  ['https://hooks.example/services/T0/aB3dE6gH9kL2nP5r', '/services/T0/aB3dE6gH9kL2nP5r'],
])('of %s agents do not say the secret part', (address, part) => {
  expect(forbiddenOf([holding(address)])().map(String)).toContain(part);
  expect(hasWeakPassword(address)).toBe(false);
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
