import { days, gigabytes, integer, oneOf, portRange, seconds } from './config-values.ts';
import { optional, withDefault } from './config-variable.ts';
import { CHECKPOINT_PLACES } from './contracts/constants.ts';

/** How much work a machine takes on, and what it keeps of it. */
export const workspaceVariables = {
  BELAY_MAX_WORKSPACES: withDefault(integer({ min: 1, max: 1000 }), '15', {
    group: 'Workspaces',
    description: 'How many runs work at once on this machine; others wait.',
  }),
  BELAY_MEMORY_PERCENT: withDefault(integer({ min: 10, max: 100 }), '80', {
    group: 'Workspaces',
    description:
      'How much of the memory of this machine may be in use. Where one more workspace might need more, runs wait; when more is in use, the newest run gives way.',
  }),
  BELAY_WORKSPACE_MEMORY_MB: withDefault(integer({ min: 64, max: 1_000_000 }), '2048', {
    group: 'Workspaces',
    description:
      'How many megabytes (of 1024²) all processes of one workspace may have together: agent, tests and what they start. A run that takes more is stopped and parks.',
  }),
  BELAY_WORKSPACE_CPUS: optional(integer({ min: 1, max: 1024 }), {
    group: 'Workspaces',
    description: 'How many processors the processes of one workspace may use (Linux). Unset: all.',
    example: '2',
  }),
  BELAY_PORTS_BACKEND: withDefault(portRange, '9100-9114', {
    group: 'Workspaces',
    description: 'Ports for the back ends of workspaces: at least as many as BELAY_MAX_WORKSPACES.',
  }),
  BELAY_PORTS_FRONTEND: withDefault(portRange, '9200-9214', {
    group: 'Workspaces',
    description: 'Ports for the front ends of workspaces: at least as many as BELAY_MAX_WORKSPACES.',
  }),
  BELAY_CHECKPOINTS: optional(oneOf(CHECKPOINT_PLACES), {
    group: 'Workspaces',
    description:
      "Whether a run's work so far is pushed to `refs/belay/<run>/` of its repository, so that another host can take over. Unset: `remote` on GitHub, `local` for a repository on this machine.",
    example: 'local',
  }),
  BELAY_HEARTBEAT_SECONDS: withDefault(seconds({ min: 2, max: 3600 }), '30', {
    group: 'Workspaces',
    description: 'A host that is not heard of for so long has lost its runs: another host, or its own next worker, goes on with them.',
  }),

  BELAY_KEEP_DAYS: withDefault(days, '90', {
    group: 'Workspaces',
    description:
      "How long a closed run's checkpoint, agent sessions and transcripts are kept: until then `belay retry` and `belay open` go on from them.",
  }),
  BELAY_DISK_BUDGET_GB: withDefault(gigabytes, '50', {
    group: 'Workspaces',
    description:
      'How much mirrors and kept worktrees may take together; those that were not used for longest go first, never those in use.',
  }),
};
