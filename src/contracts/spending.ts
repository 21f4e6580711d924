/** Sums of what agents cost. No imports here: workflows bundle this file. */

interface Session {
  name: string;
  id: string;
  costUsd: number;
  tokens: number;
}

interface Spender<S extends Session> {
  costUsd: number;
  phases: { name: string; sessions: S[] }[];
}

/** Adds to the phase and to the run. A session counts once: a turn that resumed it adds to it. */
export function addSpending<S extends Session>(view: Spender<S>, { phase, session }: { phase: string; session: S }): void {
  const sessions = view.phases.find(({ name }) => name === phase)?.sessions;
  const known = sessions?.find((each) => each.id === session.id && each.name === session.name);
  if (known) Object.assign(known, { costUsd: inMillionths(known.costUsd + session.costUsd), tokens: known.tokens + session.tokens });
  else sessions?.push({ ...session });
  view.costUsd = inMillionths(view.costUsd + session.costUsd);
}

/** Sums of dollars in binary floating point drift; a millionth of a dollar is below any price. */
export const inMillionths = (usd: number): number => Math.round(usd * 1e6) / 1e6;
