import { hostAndPort, listOf } from './config-values.ts';
import { optional, withDefault } from './config-variable.ts';
import { WORKER_ROLES } from './contracts/worker-roles.ts';

/** What `belay worker` does, and how it is looked after. */
export const workerVariables = {
  BELAY_WORKER_ROLES: withDefault(listOf(WORKER_ROLES), WORKER_ROLES.join(','), {
    group: 'Workers',
    description:
      'What a `belay worker` does: `orchestrator` decides, and makes short calls; `runner` has the workspaces, agents and tests. Apart, they need a Postgres as BELAY_DATABASE_URL, and a BELAY_HOME each.',
  }),
  BELAY_WORKER_HEALTH: optional(hostAndPort, {
    group: 'Workers',
    description:
      'Where a `belay worker` answers GET `/health` (the process) and `/ready` (it has started, and Temporal answers), for whoever watches it. Unset: nowhere.',
    example: '127.0.0.1:7789',
  }),
};
