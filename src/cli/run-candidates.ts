import { existsSync } from 'node:fs';
import { plainLine } from '../contracts/text.ts';
import { ledgerPlaceOf } from '../ledger-place.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import type { Candidate } from './complete.ts';

/** As many as one looks through in a list. */
const LIMIT = 50;

/** The newest runs, to choose from. Makes nothing where there has been no run. */
export async function runCandidates(env: NodeJS.ProcessEnv): Promise<Candidate[]> {
  const place = ledgerPlaceOf(env);
  if ('path' in place && !existsSync(place.path)) return [];
  await using ledger = await openLedger(place);
  const runs = await ledger.listRuns({ limit: LIMIT });
  return runs.map(({ id, status, issue, request }) => ({
    value: id,
    about: plainLine(`${status} ${issue ? `#${issue.key} ${issue.title}` : (request ?? '')}`, 60),
  }));
}
