import type { Forges } from '../forges/forges.ts';
import type { Trackers } from '../trackers/trackers.ts';
import type { Breaker, Breakers } from './breakers.ts';

/** Forges and trackers that are left alone while they do not answer. What lives on this machine needs none of it. */
export function guardForges({ forges, trackers }: { forges: Forges; trackers: Trackers }, breakers: Breakers) {
  const breaker = breakers('forge', 'github');
  const github = guarded(forges.github, breaker);
  return {
    // A login says nothing of the server, but nothing is fetched or pushed while it does not answer.
    forges: { ...forges, github: { ...github, gitAccess: guardedBefore(breaker, forges.github.gitAccess) } },
    trackers: { ...trackers, github: guarded(trackers.github, breaker) },
  };
}

type Call = (...args: never[]) => Promise<unknown>;

function guarded<Api extends object>(api: Api, breaker: Breaker): Api {
  const entries = Object.entries(api).map(([name, value]: [string, unknown]) => {
    if (typeof value !== 'function') return [name, value];
    const call = value as Call;
    return [name, (...args: never[]) => breaker.run(() => call(...args))];
  });
  return Object.fromEntries(entries) as Api;
}

const guardedBefore =
  <In, Out>(breaker: Breaker, call: (input: In) => Promise<Out>) =>
  async (input: In): Promise<Out> => {
    await breaker.check();
    return call(input);
  };
