import type { Config } from './config.ts';
import { BelayError } from './contracts/errors.ts';
import type { Finding } from './doctor.ts';
import { ALL_ROLES, requireSharedLedger } from './worker-roles.ts';

/** Of a worker that is not to do everything: what else has to be there. */
export function judgeRoles(config: Pick<Config, 'worker' | 'database'>): Finding {
  const check = 'worker';
  const { roles } = config.worker;
  try {
    requireSharedLedger(config);
  } catch (error) {
    if (!(error instanceof BelayError)) throw error;
    return { check, status: 'problem', detail: error.message, ...(error.hint && { hint: error.hint }) };
  }
  const others = ALL_ROLES.filter((role) => !roles.includes(role));
  return { check, status: 'ok', detail: `is ${roles.join(', ')} alone: another one has to be ${others.join(', ')}` };
}
