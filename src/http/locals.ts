import type { Request } from 'express';
import type { Caller } from './caller.ts';

/** What is known of a request beside what Express keeps. */
interface Known {
  id: string;
  caller?: Caller;
  /** The route that answers it, by its path. */
  path?: string;
}

const known = new WeakMap<Request, Known>();

export function knownOf(request: Request): Known {
  const found = known.get(request);
  if (!found) throw new Error('The request was not registered.');
  return found;
}

export const register = (request: Request, id: string): void => void known.set(request, { id });

/** Who asks: nobody, on routes that are open. */
export const callerOf = (request: Request): Caller => knownOf(request).caller ?? nobody(request);

const nobody = ({ ip = '' }: Request): Caller => ({ name: 'nobody', id: 'nobody', role: 'viewer', repositories: [], address: ip });
