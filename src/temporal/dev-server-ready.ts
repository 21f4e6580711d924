import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../contracts/constants.ts';

const POLL_MS = 20;
const CALL_MS = 5000;

/** Waits until the namespace and its search attributes are served. Rejects when the signal aborts. */
export async function untilServing({ address, signal }: { address: string; signal: AbortSignal }): Promise<void> {
  // A look at the port first: a client that finds it closed backs off for far longer than the server needs.
  while (!(await accepts(address))) await sleep(POLL_MS, undefined, { signal });
  const connection = Connection.lazy({ address });
  try {
    while (!(await answers(connection))) await sleep(POLL_MS, undefined, { signal });
  } finally {
    await connection.close();
  }
}

async function accepts(address: string): Promise<boolean> {
  const [host = '', port = ''] = address.split(':');
  const socket = createConnection({ host, port: Number(port) });
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

async function answers(connection: Connection): Promise<boolean> {
  try {
    const { customAttributes } = await connection.withDeadline(Date.now() + CALL_MS, () =>
      connection.operatorService.listSearchAttributes({ namespace: 'default' }),
    );
    return SEARCH_ATTRIBUTES.every((name) => name in customAttributes);
  } catch {
    // Its services come up one after the other; until then calls fail in many ways.
    return false;
  }
}
