import { userInfo } from 'node:os';
import { BelayError } from '../contracts/errors.ts';
import type { Role, TokenRecord } from '../contracts/service-records.ts';
import { newToken } from '../http/tokens.ts';
import type { ReaderContext } from './reader-context.ts';
import { EXIT } from './terminal.ts';

export interface CreateTokenOptions {
  role: Role;
  repo?: string[];
  /** Milliseconds. */
  expires?: number;
}

type NewRecord = Pick<TokenRecord, 'name' | 'role' | 'repositories' | 'expiresAt'>;

/** It stands in logs and in the audit. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u;

/** `belay token create`: makes a token and shows it, this once. */
export async function createToken(context: ReaderContext, name: string, { role, repo, expires }: CreateTokenOptions): Promise<number> {
  if (!NAME.test(name))
    throw new BelayError({
      code: 'invalid_input',
      message: 'A name has up to 64 letters, digits, spaces, dots, hyphens, underscores and @.',
      hint: 'Name it after who uses it, such as `ci` or `ada`.',
    });
  const until = expires === undefined ? {} : { expiresAt: new Date(Date.now() + expires).toISOString() };
  return make(context, { name, role, repositories: repo ?? null, ...until }, { action: 'token.create' });
}

/** `belay token rotate`: the same token with a new secret. */
export async function rotateToken(context: ReaderContext, nameOrId: string): Promise<number> {
  const { id, name, role, repositories, expiresAt } = await find(context, nameOrId);
  if (expiresAt && Date.parse(expiresAt) <= Date.now())
    throw new BelayError({
      code: 'invalid_input',
      message: `The token ${name} ended at ${expiresAt}: a new secret would have ended as well.`,
      hint: 'Revoke it, and make a new one with `belay token create`.',
    });
  const record = { name, role, repositories, ...(expiresAt ? { expiresAt } : {}) };
  return make(context, record, { action: 'token.rotate', replaces: id });
}

/** `belay token revoke`: from now on it is nobody's. */
export async function revokeToken(context: ReaderContext, nameOrId: string): Promise<number> {
  const { ledger, terminal } = context;
  const { id, name } = await find(context, nameOrId);
  await note(context, 'token.revoke', { id, name });
  await ledger.revokeToken(id, new Date().toISOString());
  terminal.out(`Revoked: ${name} (${id}).`);
  return EXIT.ok;
}

/** `belay token list`. */
export async function listTokens(
  { ledger, terminal }: ReaderContext,
  { revoked, json }: { revoked: boolean; json: boolean },
): Promise<number> {
  const tokens = (await ledger.listTokens()).filter(({ revokedAt }) => revoked || revokedAt === undefined);
  if (json) terminal.out(JSON.stringify(tokens.map(withoutHash), undefined, 2));
  else terminal.out(tokens.length === 0 ? 'There are no tokens: `belay token create NAME` makes one.' : tokens.map(row).join('\n'));
  return EXIT.ok;
}

/** Noted before it is done: what breaks off leaves an entry too many, never one too few. */
async function make(
  context: ReaderContext,
  record: NewRecord,
  { action, replaces }: { action: string; replaces?: string },
): Promise<number> {
  const { ledger, terminal } = context;
  const { id, token, hash } = newToken();
  await note(context, action, { id, name: record.name, role: record.role, repositories: record.repositories });
  if (replaces !== undefined) await ledger.revokeToken(replaces, new Date().toISOString());
  await ledger.createToken({ id, hash, createdAt: new Date().toISOString(), ...record });
  terminal.out(`${record.name}: ${record.role} ${scopeOf(record)}${record.expiresAt ? `, until ${record.expiresAt.slice(0, 10)}` : ''}.`);
  terminal.out('It is shown this once:');
  terminal.exact(token);
  return EXIT.ok;
}

async function note({ ledger }: ReaderContext, action: string, detail: { name: string } & Record<string, unknown>): Promise<void> {
  const [at, actor] = [new Date().toISOString(), userInfo().username];
  await ledger.appendAudit({ at, actor, role: 'admin', source: 'cli', action, target: detail.name, detail });
}

async function find({ ledger }: ReaderContext, nameOrId: string): Promise<TokenRecord> {
  const found = (await ledger.listTokens()).find(
    ({ id, name, revokedAt }) => revokedAt === undefined && (id === nameOrId || name === nameOrId),
  );
  if (found) return found;
  throw new BelayError({
    code: 'invalid_input',
    message: `There is no token '${nameOrId}' that could be ended.`,
    hint: '`belay token list` shows those that there are.',
  });
}

const scopeOf = ({ repositories }: Pick<TokenRecord, 'repositories'>): string =>
  repositories === null ? 'for all repositories' : `for ${repositories.join(', ')}`;

const withoutHash = ({ hash: _hash, ...token }: TokenRecord): Omit<TokenRecord, 'hash'> => token;

function row(token: TokenRecord): string {
  const { id, name, role, expiresAt, revokedAt, lastUsedAt } = token;
  const day = (time: string): string => time.slice(0, 10);
  const facts = [
    scopeOf(token),
    ...(revokedAt ? [`revoked ${day(revokedAt)}`] : expiresAt ? [`until ${day(expiresAt)}`] : []),
    lastUsedAt ? `used ${day(lastUsedAt)}` : 'never used',
  ];
  return `${id}  ${name.padEnd(20)} ${role.padEnd(8)} ${facts.join(', ')}`;
}
