import { createProcessTrees } from '../../src/process/process-trees.ts';
import type { IsolationName } from '../../src/process/isolation.ts';

/** The kinds of isolation that work on this machine. */
export async function availableIsolations(): Promise<IsolationName[]> {
  await using best = await createProcessTrees({ bootId: 'probe' });
  return best.isolation === 'namespace' ? ['namespace', 'reaper'] : ['reaper'];
}
