import { createHash } from 'node:crypto';
import { BelayError } from '../contracts/errors.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { Order } from '../intake/order.ts';
import { reserveRun, startReserved, workflowIdOf } from '../intake/start-run.ts';
import { openRunId } from '../orders/open-run.ts';
import { audited } from './audit.ts';
import { RunInTheWay } from './problems.ts';
import type { RawCall } from './route.ts';
import type { StartRunBody } from './schemas/orders.ts';
import { orderOf } from './start-order.ts';

type Starting = Pick<RawCall, 'deps' | 'caller'>;

/** The run to answer with, and whether it is new (202) or was open (200). */
interface StartedRun {
  runId: string;
  status: 200 | 202;
}

interface Reserved {
  /** Instead of a new id: the one of a start that was begun and not seen to its end. */
  id?: string | undefined;
  onReserved?: (id: string) => Promise<void>;
}

/** Starts the run that is asked for, or joins the open one where that is wanted. Throws `RunInTheWay` where it is not. */
export async function startOrJoin(call: Starting, body: StartRunBody, reserved: Reserved = {}): Promise<StartedRun> {
  const order = await orderOf(call, body);
  const id = reserved.id ?? (await reserveRun(call.deps, order));
  await reserved.onReserved?.(id);
  if (await begin(call, order, id)) return { runId: id, status: 202 };
  const workflowId = workflowIdOf(order.input, id);
  const open = await call.deps.temporal.use((client) => openRunId({ client, workflowId }));
  // Begun by an attempt whose answer nobody saw.
  if (open === id) return { runId: id, status: 202 };
  if (body.join && open !== undefined) return { runId: open, status: 200 };
  throw new RunInTheWay({ runId: open });
}

/** The same for a request with a key: sent again, it is answered with the same run, whoever has died in between. */
export async function startOnce(call: Starting, { key: given, body }: { key: string; body: StartRunBody }): Promise<StartedRun> {
  const { ledger } = call.deps;
  const key = hash([call.caller.id, given]);
  const holder = { key, at: new Date().toISOString() };
  const claim = await ledger.claimKey({ ...holder, request: hash(body) });
  if (claim.state === 'answered') return { runId: claim.runId, status: claim.status === 200 ? 200 : 202 };
  if (claim.state === 'busy') throw inUse();
  if (claim.state === 'other') throw new BelayError({ code: 'key_reused', message: 'Another request was sent with this key.' });
  let reserved = claim.runId;
  const onReserved = async (id: string): Promise<void> => {
    reserved = id;
    if (!(await ledger.noteKeyRun(holder, id))) throw inUse();
  };
  try {
    const started =
      (await begunBefore(call, claim.runId)) ?? (await startOrJoin(call, body, { id: await leftOver(call, claim.runId), onReserved }));
    await ledger.settleKey(holder, started);
    return started;
  } catch (error) {
    // A reservation that is still there may have begun to work: with its key it is gone on with, once this attempt counts as over.
    const isOpen = (await reservedRun(call, reserved).catch(() => reserved)) !== undefined;
    if (!isOpen) await ledger.releaseKey(holder);
    throw error;
  }
}

const inUse = (): BelayError => new BelayError({ code: 'key_in_use', message: 'The request with this key is being answered.' });

const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** The run of a start whose answer nobody saw, where it has begun to work. */
async function begunBefore(call: Starting, id: string | undefined): Promise<StartedRun | undefined> {
  const run = await reservedRun(call, id);
  return run && run.version >= 0 ? { runId: run.id, status: 202 } : undefined;
}

const leftOver = async (call: Starting, id: string | undefined): Promise<string | undefined> => (await reservedRun(call, id))?.id;

async function reservedRun({ deps }: Starting, id: string | undefined) {
  if (id === undefined) return undefined;
  return deps.ledger.getRun(id).catch((error: unknown) => {
    // Its reservation was given back.
    if (error instanceof BelayError && error.code === 'invalid_input') return undefined;
    throw error;
  });
}

/** False where another run of the issue is open. */
async function begin(call: Starting, order: Order, id: string): Promise<boolean> {
  const { deps } = call;
  const { repository, issue, pipeline } = order.input;
  const target = `${repositorySlug(repository)}${issue ? `#${issue.key}` : ''}`;
  const start = () => deps.temporal.use((client) => startReserved({ ...deps, client }, order, id));
  const { joined } = await audited(call, { action: 'run.start', runId: id, target, detail: { pipeline } }, start);
  return !joined;
}
