/**
 * What a worker process does. `orchestrator`: decisions and short calls, without workspaces or agents. `runner`: leases, and the work in
 * them, which share what the process holds.
 */
export const WORKER_ROLES = ['orchestrator', 'runner'] as const;
export type WorkerRole = (typeof WORKER_ROLES)[number];
