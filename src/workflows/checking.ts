import type { ChecksOutcome } from '../contracts/checks.ts';
import type { Run } from './run.ts';

/** The base is checked in a workspace of its own, which is set up first: that may take as long as it may for a run. */
const BASE_SETUP_MS = 60 * 60_000;

/** A check, with what the base says of its failures. */
export interface Checked extends ChecksOutcome {
  /** Why failures count although the base fails too. */
  note?: string;
}

export type Commands = { command: string; runner: string }[];

export interface Checking {
  /** The report of an earlier check: tests that it ran are missed. */
  since?: string | undefined;
  /** Every failure counts, also those that the base has. */
  strict?: boolean;
}

/** Checks the newest checkpoint with the repository's own commands; the exit code is the truth. */
export async function runTests(run: Run, { since, strict = false }: Checking = {}): Promise<Checked> {
  const { settings } = await run.position();
  const outcome = await runCommands(run, { name: 'run-tests', commands: settings.checks, since });
  const checked = await besideBase(run, outcome, strict);
  // Fewer tests prove less: such a check is none.
  if (!checked.missed) run.showEvidence(checked.evidence);
  return checked;
}

/** Runs only what the files that have changed since a commit may affect. Undefined where that is not known. */
export async function runAffected(
  run: Run,
  { changedSince, strict }: { changedSince: string; strict: boolean },
): Promise<Checked | undefined> {
  const { settings, to: checkpoint } = await run.position();
  const timeoutMs = run.limits.testTimeoutMs;
  const commands = settings.checks;
  const outcome = await run.step(
    'run-affected',
    (host, step) => host.runAffected({ step, commands, checkpoint, timeoutMs, changedSince }),
    { totalMs: timeoutMs * commands.length },
  );
  return outcome ? besideBase(run, outcome, strict) : undefined;
}

/** Whether one test passes by its own command. */
export async function passesAlone(run: Run, { command, name }: { command: string; name: string }): Promise<boolean> {
  const { evidence } = await runCommands(run, { name: 'run-test', commands: [{ command, runner: 'other' }], about: name });
  return evidence.passed;
}

interface CommandRun {
  name: string;
  commands: Commands;
  since?: string | undefined;
  about?: string;
}

async function runCommands(run: Run, { name, commands, since, about }: CommandRun): Promise<ChecksOutcome> {
  const timeoutMs = run.limits.testTimeoutMs;
  const { to: checkpoint } = await run.position();
  return run.step(name, (host, step) => host.runChecks({ step, commands, checkpoint, timeoutMs, ...(since ? { since } : {}) }), {
    totalMs: timeoutMs * commands.length,
    ...(about ? { about } : {}),
  });
}

/** What fails on the base too is none of the run's doing. The base is looked at only now: work that passes does not wait for it. */
async function besideBase(run: Run, outcome: ChecksOutcome, strict: boolean): Promise<Checked> {
  const { evidence } = outcome;
  const { from: base, to: checkpoint, settings } = await run.position();
  const report = evidence.artifactId;
  if (evidence.passed || strict || settings.baseline === 'strict' || report === undefined) return outcome;
  const commands = settings.checks;
  const timeoutMs = run.limits.testTimeoutMs;
  const { knownFailures, ...comparison } = await run.step(
    'compare-with-base',
    (host, step) => host.compareWithBase({ step, commands, checkpoint, timeoutMs, base, report }),
    // Another run may be checking the same base just now.
    { totalMs: 2 * (BASE_SETUP_MS + timeoutMs * commands.length) },
  );
  return { ...outcome, ...comparison, evidence: { ...evidence, ...(knownFailures ? { knownFailures } : {}) } };
}
