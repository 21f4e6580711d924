import { isAcceptable } from '../contracts/evidence.ts';
import type { PromptValue } from '../contracts/work.ts';
import { runAffected, passesAlone, runTests } from './checking.ts';
import type { Checked } from './checking.ts';
import { namesOf } from './evidence-text.ts';
import { failuresToFix } from './failing-tests.ts';
import type { FailureToFix } from './failing-tests.ts';
import type { Run } from './run.ts';

/** What was tried on a failing test, in the agent's words and Belay's. */
interface Tried {
  attempt: number;
  test: string;
  text: string;
  undone: boolean;
}

/** So often in a row the same may fail in the same way: once more than it takes to try another approach. */
const STUCK = 2;
const MAX_SAID = 500;
/** Histories are part of a payload. */
const MAX_HISTORY = 3000;

/** The attempts of one phase to have its tests pass: each checks, and fixes what fails one by one. */
export class Attempts {
  readonly #run: Run;
  readonly #strict: boolean;
  readonly #tried: Tried[] = [];
  /** The report that later ones may not fall behind. */
  #reference: string | undefined;
  #last: Checked | undefined;
  /** Where the last fixes began. */
  #before: string | undefined;
  #same = 0;
  #number = 0;

  constructor(run: Run, { strict }: { strict: boolean }) {
    this.#run = run;
    this.#strict = strict;
    this.#reference = run.state.evidence?.artifactId;
  }

  /** The same has failed in the same way after another approach too: more attempts would only cost. */
  get isStuck(): boolean {
    return this.#same >= STUCK;
  }

  /** Nothing that the last attempt did was left standing, because the tests would have found less. */
  get isRefused(): boolean {
    const last = this.#tried.filter(({ attempt }) => attempt === this.#tried.at(-1)?.attempt);
    return last.length > 0 && last.every(({ undone }) => undone);
  }

  async next({ fix }: { fix: boolean }): Promise<Checked> {
    this.#number++;
    const checked = await this.#check();
    if (isAcceptable(checked.evidence)) return checked;
    this.#notice(checked);
    this.#run.say(failing(checked));
    if (fix && !this.isStuck) await this.#fix(checked);
    return checked;
  }

  async #check(): Promise<Checked> {
    const { to } = await this.#run.position();
    const last = this.#last;
    // Everything was undone: this very tree has been checked.
    if (last?.evidence.commit === to && this.isRefused) return last;
    const affected = last && (await this.#checkAffected(last));
    if (affected) return affected;
    const checked = await runTests(this.#run, { since: this.#reference, strict: this.#strict });
    if (checked.missed) return this.#undo(checked, namesOf(checked.missed));
    this.#reference ??= checked.evidence.artifactId;
    return checked;
  }

  /** A failure among the tests that the fixes may affect is known sooner. That they pass proves nothing yet. */
  async #checkAffected({ evidence: { commit: changedSince } }: Checked): Promise<Checked | undefined> {
    const affected = await runAffected(this.#run, { changedSince, strict: this.#strict });
    if (!affected || isAcceptable(affected.evidence) || affected.unnamed || affected.failures.length === 0) return undefined;
    // Other commands than those that ran on the base may not be comparable with it: then the whole suite is.
    return affected.note ? undefined : affected;
  }

  /** Tests that ran before the last fixes do not run any more: the fixes go, and what was known before them holds. */
  #undo(checked: Checked, names: string): Checked {
    const accepted = this.#run.state.evidence;
    if (this.#last && this.#before) {
      this.#run.goBackTo(this.#before);
      for (const tried of this.#tried) if (tried.attempt === this.#number - 1) tried.undone = true;
      this.#tried.push({ attempt: this.#number - 1, test: 'all tests', text: `All of it was undone: ${missing(names)}`, undone: true });
      return this.#last;
    }
    if (!accepted) return checked;
    this.#run.goBackTo(accepted.commit);
    return { ...checked, evidence: accepted, failures: [] };
  }

  /** Fixes that changed nothing in what fails were no step forward: the next ones start from before them. */
  #notice(checked: Checked): void {
    this.#same = checked.signature === this.#last?.signature ? this.#same + 1 : 0;
    this.#last = checked;
    if (this.#same > 0 && this.#before) this.#run.goBackTo(this.#before);
  }

  /** One failing test after the other: fixed by the agent, then run again by its own command. */
  async #fix(checked: Checked): Promise<void> {
    this.#before = (await this.#run.position()).to;
    const failures = await failuresToFix(this.#run, checked);
    for (const [index, failure] of failures.entries())
      await this.#run.results.within(`failure-${index + 1}`, async () => {
        if (index > 0 && (await this.#passes(failure))) return;
        await this.#resolve(failure);
        await this.#passes(failure);
      });
  }

  /** A failure without a command of its own is judged by the whole suite later. */
  async #passes({ command, name }: FailureToFix): Promise<boolean> {
    return command !== undefined && passesAlone(this.#run, { command, name });
  }

  /** Every turn is a session of its own: what it knows of earlier ones is what it is told here. */
  async #resolve(failure: FailureToFix): Promise<void> {
    const { settings } = await this.#run.position();
    const { text, undone, putBack, leaked } = await this.#run.agent('resolve-failed-test', {
      issue: await this.#run.issue(),
      plan: this.#run.plan(),
      test_name: { text: failure.name },
      test_file: { text: failure.file ?? 'unknown' },
      test_command: { text: failure.command ?? settings.checks[0]?.command ?? '' },
      test_error: failure.error,
      suite_command: { text: settings.checks.map(({ command }) => command).join(' && ') },
      history: this.#history(failure.name),
    });
    const said = [
      text.slice(0, MAX_SAID),
      ...(undone ? [`This was undone, because the tests would find less: ${undone.join('; ')}.`] : []),
      ...(putBack ? [`These paths are protected, and were put back: ${putBack.join(', ')}.`] : []),
      ...(leaked ? [`These files held what looks like secrets, and were put back: ${leaked.join(', ')}.`] : []),
    ];
    this.#tried.push({ attempt: this.#number, test: failure.name, text: said.join('\n'), undone: undone !== undefined });
  }

  /** What was tried on this test; on all of them where another approach is wanted. */
  #history(test: string): PromptValue {
    const anew = this.#same > 0;
    const told = this.#tried.filter((each) => anew || each.test === test || each.test === 'all tests');
    const lines = told.map(({ attempt, test: name, text }) => `Attempt ${attempt}, ${name}: ${text}`);
    while (lines.length > 1 && lines.join('\n\n').length > MAX_HISTORY) lines.shift();
    if (lines.length === 0) return { text: 'This is the first attempt.' };
    return { text: [...lines.map((line) => line.slice(0, MAX_HISTORY)), ...(anew ? [ANOTHER_APPROACH] : [])].join('\n\n') };
  }
}

const ANOTHER_APPROACH =
  'After the last attempt exactly the same failed in the same way, so its changes were taken back. Take another approach: doubt what the attempts above took for the cause, look elsewhere, and prove the cause before you edit.';

const missing = (names: string): string => `tests that ran before did not run any more, or were skipped (${names}).`;

function failing({ failures, evidence: { counts, knownFailures }, note }: Checked): string {
  const all = counts ? ` of ${counts.passed + counts.failed}` : '';
  const known = knownFailures ? `, ${knownFailures.count} of them on the base already` : '';
  const named = `${failures[0]?.name ?? 'the command'}${failures.length > 1 ? ', …' : ''}`;
  return `${counts?.failed ?? failures.length}${all} failed${known}: ${named}${note ? ` (${note})` : ''}`;
}
