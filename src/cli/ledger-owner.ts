import { homeOf } from '../home.ts';
import { grantLedger, migrateLedger } from '../ledger/administer.ts';
import { ownerPlaceOf } from '../ledger-place.ts';
import { ownFolder } from '../process/own-folder.ts';
import type { ProgramRequest } from './define.ts';
import { EXIT } from './terminal.ts';

/** `belay ledger migrate`. */
export async function ledgerMigrate({ env, terminal }: ProgramRequest, { json }: { json: boolean }): Promise<number> {
  const place = ownerPlaceOf(env);
  if ('path' in place) await ownFolder(homeOf(env));
  const migrations = await migrateLedger(place, (refusal) => terminal.note(`belay: ${refusal}`));
  if (json) terminal.out(JSON.stringify({ migrations }, undefined, 2));
  else terminal.out(migrations.length === 0 ? 'The tables are those of this version.' : `Done: ${migrations.join(', ')}.`);
  return EXIT.ok;
}

/** `belay ledger grant`. */
export async function ledgerGrant({ env, terminal }: ProgramRequest, role: string): Promise<number> {
  const warnings = await grantLedger(ownerPlaceOf(env), role);
  terminal.out(`${role} may do what workers and the API do. Give them its address as BELAY_DATABASE_URL.`);
  for (const warning of warnings) terminal.note(`belay: ${warning}`);
  return EXIT.ok;
}
