import { packageVersion } from '../package-version.ts';
import type { TemporalTarget } from './connection.ts';
import { serveUsage } from './dev-usage.ts';
import { removeDevState, writeDevState } from './state-file.ts';

export interface AnnounceRequest {
  home: string;
  target: TemporalTarget;
  /** Of the Temporal Web UI, where it is ours. */
  uiUrl?: string;
  /** How long it stays without users, and what happens then. */
  graceMs: number;
  onUnused?: () => void;
}

/** Lets the commands of this home find the worker of this process, and counts who uses it. Until disposed. */
export async function announce({ home, target, uiUrl = '', ...usage }: AnnounceRequest): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const { port: controlPort } = stack.use(await serveUsage(usage));
  const { address, namespace } = target;
  const startedAt = new Date().toISOString();
  await writeDevState(home, { pid: process.pid, address, namespace, uiUrl, controlPort, startedAt, version: packageVersion() });
  stack.defer(() => removeDevState(home, process.pid));
  return stack.move();
}
