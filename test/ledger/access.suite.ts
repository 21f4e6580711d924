import { expect, test } from 'vitest';
import type { TokenRecord } from '../../src/contracts/service-records.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { freshLedger } from '../support/fresh-ledger.ts';

const at = '2026-11-20T10:00:00.000Z';
const later = '2026-11-20T11:00:00.000Z';
const latest = '2026-11-20T12:00:00.000Z';
const runId = '0123abcd';

const token: TokenRecord = { id: 't1', name: 'ci', hash: 'h1', role: 'operator', repositories: ['acme/shop'], createdAt: at };

test('tokens are found by their hash, and a name is free again once its token is revoked', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await ledger.createToken(token);
  await ledger.createToken({ ...token, id: 't2', name: 'all', hash: 'h2', repositories: null, expiresAt: latest });
  await expect(ledger.createToken({ ...token, id: 't3', hash: 'h3' })).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining("'ci'"),
  });
  expect(await ledger.findToken('h1')).toEqual(token);
  expect(await ledger.findToken('h3')).toBeUndefined();
  await ledger.touchToken('t1', later);
  expect(await ledger.revokeToken('ci', latest)).toBe(true);
  expect(await ledger.revokeToken('ci', latest)).toBe(false);
  expect(await ledger.findToken('h1')).toEqual({ ...token, lastUsedAt: later, revokedAt: latest });
  await ledger.createToken({ ...token, id: 't3', hash: 'h3', createdAt: latest });
  expect(await ledger.revokeToken('t3', latest)).toBe(true);
  expect((await ledger.listTokens()).map(({ id }) => id)).toEqual(['t2', 't1', 't3']);
});

const delivery = { id: 'd1', source: 'github', event: 'issues', receivedAt: at, payload: '{}' } as const;

test('a delivery is stored once, and processed by one at a time until it is settled', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  expect(await ledger.storeDelivery({ ...delivery, id: 'd2', receivedAt: later })).toBe(true);
  expect(await ledger.storeDelivery({ ...delivery, action: 'labeled', repository: 'acme/shop' })).toBe(true);
  expect(await ledger.storeDelivery({ ...delivery, payload: 'another' })).toBe(false);
  const claim = { now: latest, leaseMs: 60_000, limit: 1 };
  expect(await ledger.claimDeliveries(claim)).toEqual([{ ...delivery, action: 'labeled', repository: 'acme/shop', attempts: 1 }]);
  expect((await ledger.claimDeliveries({ ...claim, limit: 9 })).map(({ id }) => id)).toEqual(['d2']);
  expect(await ledger.claimDeliveries({ ...claim, limit: 9 })).toEqual([]);
  await ledger.settleDelivery({ id: 'd1', outcome: 'started', at: latest });
  // Late: of a try before.
  await ledger.failDelivery({ id: 'd2', attempts: 0, error: 'x', retryAt: latest });
  expect(await ledger.claimDeliveries({ ...claim, now: latest, leaseMs: 1, limit: 9 })).toEqual([]);
  await ledger.failDelivery({ id: 'd2', attempts: 1, error: 'no answer', retryAt: '2026-11-20T12:00:05.000Z' });
  const afterwards = { now: '2026-11-20T13:00:00.000Z', leaseMs: 60_000, limit: 9 };
  expect((await ledger.claimDeliveries({ ...claim, limit: 9 })).length).toBe(0);
  expect(await ledger.claimDeliveries(afterwards)).toMatchObject([{ id: 'd2', attempts: 2 }]);
  expect(await ledger.storeDelivery(delivery)).toBe(false);
});

test('a delivery whose processor has gone is given to another', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await ledger.storeDelivery(delivery);
  expect((await ledger.claimDeliveries({ now: later, leaseMs: 1000, limit: 5 })).length).toBe(1);
  expect((await ledger.claimDeliveries({ now: later, leaseMs: 1000, limit: 5 })).length).toBe(0);
  expect(await ledger.claimDeliveries({ now: latest, leaseMs: 1000, limit: 5 })).toMatchObject([{ id: 'd1', attempts: 2 }]);
});

test('of many that claim at once, each delivery goes to one', async () => {
  await using fresh = await freshLedger();
  const { ledger, place } = fresh;
  await using other = await openLedger(place);
  await Promise.all(Array.from({ length: 40 }, (_, index) => ledger.storeDelivery({ ...delivery, id: `d${index}` })));
  const claims = await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 ? ledger : other).claimDeliveries({ now: later, leaseMs: 60_000, limit: 2 })),
  );
  const rest = await ledger.claimDeliveries({ now: later, leaseMs: 60_000, limit: 40 });
  const ids = [...claims.flat(), ...rest].map(({ id }) => id);
  expect(new Set(ids).size).toBe(40);
  expect(ids.length).toBe(40);
});

test('an event of an issue is remembered once, and the newest is known', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  const issue = { repository: 'acme/shop', issueKey: '1' };
  expect(await ledger.lastTrigger(issue)).toBeUndefined();
  expect(await ledger.rememberTrigger({ ...issue, event: 'label-1', at })).toBe(true);
  expect(await ledger.rememberTrigger({ ...issue, event: 'label-1', runId, at: later })).toBe(false);
  expect(await ledger.lastTrigger(issue)).toEqual({ ...issue, event: 'label-1', runId, at });
  expect(await ledger.rememberTrigger({ ...issue, event: 'label-2', at: later })).toBe(true);
  expect(await ledger.lastTrigger(issue)).toMatchObject({ event: 'label-2' });
  await ledger.forgetTrigger({ ...issue, event: 'label-2' });
  expect(await ledger.lastTrigger(issue)).toMatchObject({ event: 'label-1' });
  expect(await ledger.rememberTrigger({ ...issue, issueKey: '2', event: 'label-1', at })).toBe(true);
});

const entry = { at, actor: 'ada', role: 'admin', source: 'api', action: 'run.cancel' };

test('the audit is a chain that shows what was changed in it, or taken out', async () => {
  await using fresh = await freshLedger();
  const { ledger, place, rows } = fresh;
  await using other = await openLedger(place);
  expect(await ledger.verifyAudit()).toEqual({ entries: 0 });
  const first = await ledger.appendAudit({ ...entry, runId, address: '127.0.0.1', target: 'x', detail: { reason: 'wrong' } });
  await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? ledger : other).appendAudit({ ...entry, actor: `a${index}` })));
  const all = await ledger.listAudit({ limit: 100 });
  expect(all[0]).toEqual(first);
  expect(all.map(({ id }) => id)).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
  expect(await ledger.listAudit({ limit: 100, runId })).toEqual([first]);
  expect((await ledger.listAudit({ after: 3, limit: 2 })).map(({ id }) => id)).toEqual([4, 5]);
  expect((await ledger.listAudit({ before: 3, descending: true, limit: 9 })).map(({ id }) => id)).toEqual([2, 1]);
  expect(await ledger.verifyAudit()).toEqual({ entries: 21, head: all.at(-1)?.hash });
  await rows(`update audit set actor = 'mallory' where id = 9`);
  expect(await ledger.verifyAudit()).toMatchObject({ brokenAt: 9 });
  await rows(`update audit set actor = '${all[8]?.actor}' where id = 9`);
  await rows('delete from audit where id = 4');
  expect(await ledger.verifyAudit()).toMatchObject({ brokenAt: 4 });
});
