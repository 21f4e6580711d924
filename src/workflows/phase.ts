import type { PhaseName } from '../contracts/constants.ts';
import type { Run } from './run.ts';

/** What a phase leaves: one line for people, and a small result for the phases after it. */
export interface PhaseResult {
  summary: string;
}

/** A part of a pipeline. Its result is kept by occurrence. */
export interface Phase<T extends PhaseResult = PhaseResult> {
  readonly name: PhaseName;
  /** Its failure is reported, and the run goes on. */
  readonly optional: boolean;
  readonly body: (run: Run) => Promise<T>;
}

export function phase<T extends PhaseResult>(
  name: PhaseName,
  body: (run: Run) => Promise<T>,
  { optional = false }: { optional?: boolean } = {},
): Phase<T> {
  return { name, body, optional };
}
