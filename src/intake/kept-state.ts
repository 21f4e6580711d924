import type { PhaseName } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { EarlierWork } from '../contracts/run-input.ts';
import type { Kept, RunVersion, VersionFacts } from '../contracts/run-state.ts';
import type { RunView } from '../contracts/run-view.ts';
import { stateAt } from '../contracts/versions.ts';

type Done = NonNullable<EarlierWork['done']>;

/** What a closed run knew at one of its versions. */
export interface KeptState {
  results: Partial<Record<string, Kept>>;
  facts: Partial<VersionFacts>;
}

/** Throws invalid_input for a version that the run never had. */
export function stateOfVersion(run: RunView, versions: readonly RunVersion[], version: number): KeptState {
  if (versions.some((each) => each.version === version)) return stateAt(versions, version);
  throw new BelayError({
    code: 'invalid_input',
    message: `Run ${run.id} has no version ${version}.`,
    hint:
      versions.length > 0 ? `\`belay show ${run.id} --history\` lists 1 to ${versions.length}.` : 'It ended before its first phase did.',
  });
}

/** How the run stood at its end. */
export const lastState = (versions: readonly RunVersion[]): KeptState => stateAt(versions, versions.length);

/** How the run stood when the last of these phases had just ended, before anything came after it. */
export function stateAfter(versions: readonly RunVersion[], done: Done): KeptState | undefined {
  const { results } = lastState(versions);
  const wanted = JSON.stringify(done.map(({ name }) => [name, results[name]]));
  const whole = versions.filter(({ what }) => what === 'completed' || what === 'continued');
  return whole
    .map(({ version }) => stateAt(versions, version))
    .findLast((state) => JSON.stringify(Object.entries(state.results)) === wanted);
}

/** The phases that a version has results of. */
export const doneAt = ({ results }: KeptState): Done =>
  Object.entries(results).map(([name, kept]) => ({
    name: name as PhaseName,
    summary: (kept?.value as { summary?: string } | undefined)?.summary ?? '',
    ...(kept ? { kept } : {}),
  }));
