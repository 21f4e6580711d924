import { isIP } from 'node:net';
import { userInfo } from 'node:os';
import { startApi } from '../api.ts';
import type { ApiRequest } from '../api.ts';
import { BelayError } from '../contracts/errors.ts';
import { newToken } from '../http/tokens.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import { isAway } from '../ledger/postgres-errors.ts';

export interface DevApi extends AsyncDisposable {
  url: string;
  /** Of this process alone: who has not set anything up can call the API with it until it stops. */
  token?: string;
}

/** The API of `belay dev`. Undefined where its port is another's: work goes on without, and the reason is told. */
export async function startDevApi({ note, ...request }: ApiRequest & { note: (text: string) => void }): Promise<DevApi | undefined> {
  const { token, hash } = newToken();
  const isOpen = await isUnconfigured(request);
  try {
    const ownToken = isOpen ? { ownToken: { hash, name: userInfo().username } } : {};
    const { url, ...api } = await startApi({ ...request, ...ownToken });
    return { url, ...(isOpen ? { token } : {}), [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
  } catch (error) {
    if (!(error instanceof BelayError) || error.code !== 'address_unusable') throw error;
    note(`There is no API: ${error.message} ${error.hint}`);
    return undefined;
  }
}

/** Nobody else reaches it, and nobody has said who may use it. */
async function isUnconfigured({ config }: Pick<ApiRequest, 'config'>): Promise<boolean> {
  const { host, jwt } = config.api;
  if (jwt || !isLoopback(host)) return false;
  try {
    await using ledger = await openLedger(config.database);
    return (await ledger.listTokens()).every(({ revokedAt }) => revokedAt !== undefined);
  } catch (error) {
    // A team's database, which will say who may.
    if (isAway(error)) return false;
    throw error;
  }
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
