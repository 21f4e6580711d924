import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { maySee } from './caller.ts';
import type { Caller } from './caller.ts';

interface Looking {
  deps: { ledger: Pick<Ledger, 'getRun'> };
  caller: Caller;
}

/** The run of that id. Throws not_found where there is none, and where the caller may not know that there is one. */
export async function visibleRun({ deps, caller }: Looking, id: string): Promise<RunView> {
  const run = await deps.ledger.getRun(id).catch((error: unknown) => {
    if (error instanceof BelayError && error.code === 'invalid_input') return undefined;
    throw error;
  });
  if (run?.id === id && maySee(caller, run.repository)) return run;
  throw nothing(`There is no run ${id}.`);
}

export const nothing = (message: string): BelayError =>
  new BelayError({ code: 'not_found', message, hint: 'Check the address. What a token may not see is not there for it.' });
