import type { Config } from './config.ts';
import { withoutUndefined } from './contracts/without-undefined.ts';
import type { IntakeDependencies } from './intake/order.ts';

/** What turns requests into runs, with this installation's settings where a request says nothing. */
export function intakeOf({ config, ...parts }: Omit<IntakeDependencies, 'defaults'> & { config: Config }): IntakeDependencies {
  const { ledger, files, forges, trackers, gitHub } = parts;
  const { engine, limits, phasesOff, checkpoints, budgetUsd } = config;
  const { name, model, script, failover } = engine;
  const defaults = { engine: name, ...withoutUndefined({ model, script, failover, checkpoints }), limits, phasesOff, budgetUsd };
  return { ledger, files, forges, trackers, gitHub, defaults };
}
