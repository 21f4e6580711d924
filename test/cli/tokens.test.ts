import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { exitCodeOf } from '../../src/cli/terminal.ts';
import { hashOfToken } from '../../src/http/tokens.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const TOKEN = /^belay_[0-9a-z]{8}_[0-9a-z]{40}$/;
const resources = new AsyncDisposableStack();
let home: string;
let ledger: Ledger;
beforeAll(async () => {
  home = resources.use(await temporaryDirectory()).path;
  ledger = resources.use(await openLedger({ path: join(home, 'ledger.db') }));
});
afterAll(() => resources.disposeAsync());

const PAST = '2026-01-01T00:00:00.000Z';

async function belay(...args: string[]): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const out = (text: string): void => void lines.push(...text.split('\n'));
  const terminal = { live: false, piped: true, out, note: out, exact: out };
  const code = await createProgram({ env: { BELAY_HOME: home }, terminal })(args).catch((error: unknown) => exitCodeOf(error));
  return { code, lines };
}

const known = async (token: string | undefined) => ledger.findToken(hashOfToken(token ?? ''));

describe('belay token', () => {
  it('create prints the token alone on its last line, and keeps only its hash', async () => {
    const { code, lines } = await belay('token', 'create', 'ci', '--role', 'operator', '--repo', 'Acme/Shop,acme/site', '--expires', '90d');
    expect(code).toBe(0);
    const token = lines.at(-1);
    expect(token).toMatch(TOKEN);
    expect(lines[0]).toMatch(/^ci: operator for acme\/shop, acme\/site, until \d{4}-\d\d-\d\d\.$/);
    const record = await known(token);
    expect(record).toMatchObject({ name: 'ci', role: 'operator', repositories: ['acme/shop', 'acme/site'] });
    expect(Date.parse(record?.expiresAt ?? '') - Date.parse(record?.createdAt ?? '')).toBeGreaterThan(89 * 86_400_000);
    expect(JSON.stringify(await ledger.listAudit({ limit: 10 }))).not.toContain(token?.slice(-40));
  });

  it('list shows them without what opens the door', async () => {
    const { lines } = await belay('token', 'list');
    expect(lines).toEqual([expect.stringMatching(/^[0-9a-z]{8} {2}ci +operator for acme\/shop, acme\/site, until .*, never used$/)]);
    const { lines: json } = await belay('token', 'list', '--json');
    expect(json.join('')).not.toContain('hash');
  });

  it('a name is taken once', async () => {
    expect((await belay('token', 'create', 'ci')).code).toBe(2);
    expect((await belay('token', 'create', 'a\nb')).code).toBe(2);
    expect((await belay('token', 'create', 'x', '--role', 'root')).code).toBe(2);
    expect((await belay('token', 'create', 'x', '--repo', 'shop')).code).toBe(2);
  });

  it('rotate gives the same rights to a new one, and ends the old one', async () => {
    const before = (await belay('token', 'create', 'ada', '--role', 'admin')).lines.at(-1);
    const after = (await belay('token', 'rotate', 'ada')).lines.at(-1);
    expect(after).toMatch(TOKEN);
    expect((await known(before))?.revokedAt).toBeDefined();
    expect(await known(after)).toMatchObject({ name: 'ada', role: 'admin', repositories: null });
    expect((await known(after))?.revokedAt).toBeUndefined();
  });

  it('rotate refuses one that has ended by itself', async () => {
    await ledger.createToken({
      id: 'ended000',
      name: 'past',
      hash: 'h',
      role: 'viewer',
      repositories: null,
      createdAt: PAST,
      expiresAt: PAST,
    });
    const { code, lines } = await belay('token', 'rotate', 'past');
    expect([code, lines]).toEqual([2, []]);
    expect((await ledger.listTokens()).find(({ id }) => id === 'ended000')).not.toHaveProperty('revokedAt');
  });

  it('revoke ends one for good', async () => {
    expect((await belay('token', 'revoke', 'ada')).lines[0]).toMatch(/^Revoked: ada \([0-9a-z]{8}\)\.$/);
    expect((await belay('token', 'revoke', 'ada')).code).toBe(2);
    expect((await belay('token', 'list')).lines.join()).not.toContain('ada');
    expect((await belay('token', 'list', '--revoked')).lines.join()).toContain('revoked');
    const actions = (await ledger.listAudit({ limit: 20 })).map(({ action, source, target }) => [action, source, target]);
    expect(actions).toEqual([
      ['token.create', 'cli', 'ci'],
      ['token.create', 'cli', 'ci'],
      ['token.create', 'cli', 'ada'],
      ['token.rotate', 'cli', 'ada'],
      ['token.revoke', 'cli', 'ada'],
    ]);
  });
});
