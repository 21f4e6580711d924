import { BelayError } from '../contracts/errors.ts';
import type { TokenRecord } from '../contracts/service-records.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Caller } from './caller.ts';
import type { VerifyJwt } from './jwt.ts';
import { hashOfToken, isOwnToken } from './tokens.ts';

export interface Credentials {
  /** The header of that name. */
  authorization: string | undefined;
  address: string;
}

/** Says who calls. Throws token_invalid, not_allowed, identity_unreachable. */
export type Authenticate = (credentials: Credentials) => Promise<Caller>;

export interface AuthenticateOptions {
  ledger: Pick<Ledger, 'findToken' | 'touchToken'>;
  verifyJwt?: VerifyJwt | undefined;
  /** A token of this process alone, by its hash: it ends with it. */
  own?: { hash: string; name: string } | undefined;
  onProblem: (error: unknown, message: string) => void;
}

const BEARER = /^Bearer +([\w.~+/=-]{1,8192})$/i;
/** That a token is used is noted this often: a write for every call would be one too many. */
const TOUCH_MS = 60_000;

export function createAuthenticate({ ledger, verifyJwt, own, onProblem }: AuthenticateOptions): Authenticate {
  const touched = new Map<string, number>();
  const touch = async (id: string): Promise<void> => {
    const now = Date.now();
    if (now - (touched.get(id) ?? 0) < TOUCH_MS) return;
    touched.set(id, now);
    await ledger.touchToken(id, new Date(now).toISOString()).catch((error: unknown) => onProblem(error, 'The use of a token is not noted'));
  };
  return async ({ authorization, address }) => {
    const [, token] = BEARER.exec(authorization ?? '') ?? [];
    if (token === undefined) throw missing();
    if (!isOwnToken(token)) {
      if (!verifyJwt) throw unknown();
      return { ...(await verifyJwt(token)), address };
    }
    const hash = hashOfToken(token);
    if (own?.hash === hash) return { name: own.name, id: 'own', role: 'admin', repositories: null, address };
    const record = await ledger.findToken(hash);
    if (!record || !isValid(record)) throw unknown();
    const { id, name, role, repositories } = record;
    await touch(id);
    return { name, id: `token:${id}`, role, repositories, address };
  };
}

const isValid = ({ revokedAt, expiresAt }: TokenRecord): boolean => {
  const now = Date.now();
  return (revokedAt === undefined || Date.parse(revokedAt) > now) && (expiresAt === undefined || Date.parse(expiresAt) > now);
};

const missing = (): BelayError =>
  new BelayError({
    code: 'token_invalid',
    message: 'The request has no token.',
    hint: 'Send the header `Authorization: Bearer TOKEN`; `belay token create NAME` makes one.',
  });

const unknown = (): BelayError =>
  new BelayError({ code: 'token_invalid', message: 'The token is not known here, or it was revoked, or it has expired.' });
