import type { RawCall } from './route.ts';

/** Until the client has left. Throws too_many_calls. */
export function takeSeat({ deps, caller, signal }: Pick<RawCall, 'deps' | 'caller' | 'signal'>): void {
  const stand = deps.seats.take(caller);
  signal.addEventListener('abort', stand, { once: true });
  if (signal.aborted) stand();
}
