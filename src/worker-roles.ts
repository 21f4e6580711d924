import type { Config } from './config.ts';
import { BelayError } from './contracts/errors.ts';
import { WORKER_ROLES } from './contracts/worker-roles.ts';
import type { WorkerRole } from './contracts/worker-roles.ts';

/** Of a worker that does everything. */
export const ALL_ROLES: readonly WorkerRole[] = WORKER_ROLES;

/** Throws configuration_invalid where the roles are apart and what happened would be kept in a file: one has the decisions, the other the details. */
export function requireSharedLedger({ worker, database }: Pick<Config, 'worker' | 'database'>): void {
  const missing = WORKER_ROLES.filter((role) => !worker.roles.includes(role));
  if (missing.length === 0 || 'url' in database) return;
  throw new BelayError({
    code: 'configuration_invalid',
    message: `BELAY_WORKER_ROLES is '${worker.roles.join(',')}', and the ledger is a file, which the process that is ${missing.join(',')} could not share.`,
    hint: 'Set BELAY_DATABASE_URL to one Postgres for all of them, or leave BELAY_WORKER_ROLES unset for a worker that does everything.',
  });
}
