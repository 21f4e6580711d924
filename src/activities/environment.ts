import type { Grant } from '../contracts/lease.ts';
import type { RepositorySettings } from '../repository-settings.ts';
import { portsEnvironment } from '../workspace/ports.ts';
import type { Dependencies } from './dependencies.ts';

interface Workspace {
  ports: Grant['ports'];
  settings: Pick<RepositorySettings, 'start'>;
}

/** What agents, tests and set-up commands of a workspace see; its ports also by the names that the repository's app has for them. */
export const environmentOf = (
  { workspaceEnvironment }: Pick<Dependencies, 'workspaceEnvironment'>,
  { ports, settings: { start } }: Workspace,
): Record<string, string> => ({
  ...workspaceEnvironment,
  ...portsEnvironment(ports),
  ...Object.fromEntries(Object.entries(start?.ports ?? {}).map(([name, port]) => [name, String(ports[port])])),
});
