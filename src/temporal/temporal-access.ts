import { isGrpcServiceError, ServiceError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { BelayError } from '../contracts/errors.ts';
import type { TemporalConnection, TemporalTarget } from './connection.ts';
import { connectTemporal } from './connection.ts';

const CONNECT_MS = 3000;
/** Somebody waits for the answer: who gives the order again later is better off than who waits for long. */
const CALL_MS = 8000;

/** Temporal for a process that lives on while it is away. */
export interface TemporalAccess extends AsyncDisposable {
  /** Throws `BelayError` temporal_unreachable where there is none, or where it does not answer in time. */
  use<T>(work: (client: Client, signal: AbortSignal) => Promise<T>): Promise<T>;
}

export interface TemporalAccessRequest {
  /** Asked for every use: an embedded server may have a new address. Undefined: there is none. */
  target: () => Promise<TemporalTarget | undefined>;
}

/** Whether the service answers, and knows the namespace. */
export const pingTemporal = async (client: Client): Promise<void> =>
  void (await client.workflowService.describeNamespace({ namespace: client.options.namespace }));

export function createTemporalAccess({ target }: TemporalAccessRequest): TemporalAccess {
  let open: { address: string; connected: Promise<TemporalConnection> } | undefined;
  const close = async (): Promise<void> => {
    const closing = open;
    open = undefined;
    await closing?.connected.then((connection) => connection[Symbol.asyncDispose]()).catch(() => {});
  };
  const connection = async (): Promise<TemporalConnection> => {
    const wanted = await target();
    if (!wanted) throw nowhere();
    const { address } = wanted;
    if (open && open.address !== address) await close();
    open ??= { address, connected: connectTemporal({ target: wanted, timeoutMs: CONNECT_MS }) };
    const current = open;
    try {
      return await current.connected;
    } catch (error) {
      // The next one tries anew.
      if (open === current) open = undefined;
      throw error;
    }
  };
  return {
    async use(work) {
      const { client } = await connection();
      const signal = AbortSignal.timeout(CALL_MS);
      try {
        return await client.withDeadline(Date.now() + CALL_MS, () => work(client, signal));
      } catch (error) {
        throw translated(error, signal);
      }
    },
    [Symbol.asyncDispose]: close,
  };
}

function translated(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof BelayError) return error;
  const isTemporals =
    error instanceof ServiceError || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcServiceError(error);
  if (!isTemporals && !signal.aborted) return error;
  return new BelayError({
    code: 'temporal_unreachable',
    message: 'Temporal, or a worker of it, did not answer in time.',
    hint: 'Nothing is lost: ask again in a moment. `belay doctor` checks the service.',
    cause: error,
  });
}

const nowhere = (): BelayError =>
  new BelayError({
    code: 'temporal_unreachable',
    message: 'There is no Temporal: none is named, and no `belay dev` runs for this home.',
    hint: 'Set TEMPORAL_ADDRESS, or start `belay dev`.',
  });
