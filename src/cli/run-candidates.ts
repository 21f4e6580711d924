import { existsSync } from 'node:fs';
import path from 'node:path';
import { loadConfig } from '../config.ts';
import { plainLine } from '../contracts/text.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import type { Candidate } from './complete.ts';

/** As many as one looks through in a list. */
const LIMIT = 50;

/** The newest runs, to choose from. Makes nothing where there has been no run. */
export async function runCandidates(env: NodeJS.ProcessEnv): Promise<Candidate[]> {
  const file = path.join(loadConfig(env).home, 'ledger.db');
  if (!existsSync(file)) return [];
  await using ledger = await openLedger({ path: file });
  const runs = await ledger.listRuns({ limit: LIMIT });
  return runs.map(({ id, status, issue, request }) => ({
    value: id,
    about: plainLine(`${status} ${issue ? `#${issue.key} ${issue.title}` : (request ?? '')}`, 60),
  }));
}
