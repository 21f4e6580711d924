import type { Grant } from '../contracts/lease.ts';
import { portsEnvironment } from '../workspace/ports.ts';
import type { Dependencies } from './dependencies.ts';

/** What agents, tests and set-up commands of a workspace see. */
export const environmentOf = (
  { workspaceEnvironment }: Pick<Dependencies, 'workspaceEnvironment'>,
  ports: Grant['ports'],
): Record<string, string> => ({
  ...workspaceEnvironment,
  ...portsEnvironment(ports),
});
