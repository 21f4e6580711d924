import { BelayError } from '../contracts/errors.ts';
import type { RawCall } from './route.ts';

export interface Deed {
  /** Such as `run.cancel`. */
  action: string;
  runId?: string;
  target?: string;
  detail?: Record<string, unknown>;
}

type Doing = Pick<RawCall, 'deps' | 'caller'>;

/**
 * Does what the caller asks, with an entry in the audit before: no change goes without one. What is refused has a second entry, which
 * says why.
 */
export async function audited<T>(call: Doing, deed: Deed, work: () => Promise<T>): Promise<T> {
  await append(call, deed);
  try {
    return await work();
  } catch (error) {
    const code = error instanceof BelayError ? error.code : 'internal';
    await append(call, { ...deed, action: `${deed.action}.refused`, detail: { code } });
    throw error;
  }
}

async function append({ deps, caller }: Doing, deed: Deed): Promise<void> {
  const { name, id, role, address } = caller;
  // A token, and somebody who has a JWT, may be called the same.
  const detail = { ...deed.detail, caller: id };
  await deps.ledger.appendAudit({ at: new Date().toISOString(), actor: name, role, source: 'api', address, ...deed, detail });
}
