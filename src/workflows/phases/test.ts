import type { ChecksOutcome, FailureRef, PromptValue } from '../../contracts/work.ts';
import { park } from '../failures.ts';
import { phase } from '../phase.ts';
import type { Run } from '../run.ts';

/** What earlier attempts said of a test, by its name. */
type History = Map<string, string[]>;
const MAX_HISTORY = 500;

/** Runs the repository's own tests and has failures fixed until they pass or the attempts run out. */
export const test = phase('test', async (run) => {
  const { settings } = await run.position();
  if (settings.checks.length === 0) return { summary: `no tests: ${settings.checksReason}` };
  if (run.results.depth === 1) run.say(`${settings.checks.map(({ command }) => command).join(', ')} (${settings.checksReason})`);
  const { testAttempts } = run.limits;
  const history: History = new Map();
  for (let attempt = 1; ; attempt++) {
    const outcome = await run.attempt(attempt, async () => {
      const checked = await runTests(run);
      if (!checked.evidence.passed) run.say(failing(checked));
      if (!checked.evidence.passed && attempt < testAttempts) await resolveFailures(run, checked, history);
      return checked;
    });
    if (outcome.evidence.passed) return { summary: passed(outcome, attempt) };
    if (attempt === testAttempts) throw park(stillFailing(outcome, attempt));
  }
});

/** Checks the newest checkpoint with the repository's own command; the exit code is the truth. */
export async function runTests(run: Run): Promise<ChecksOutcome> {
  const { settings } = await run.position();
  const outcome = await runCommands(run, 'run-tests', settings.checks);
  run.showEvidence(outcome.evidence);
  return outcome;
}

/** One failing test after the other: fixed by the agent, then run again by its own command. */
async function resolveFailures(run: Run, { evidence, failures }: ChecksOutcome, history: History): Promise<void> {
  for (const [index, failure] of failures.entries()) {
    await run.results.within(`failure-${index + 1}`, async () => {
      if (index > 0 && (await passesNow(run, failure))) return;
      const error: PromptValue = { artifact: evidence.artifactId as string, pick: ['failures', index, 'error'] };
      const earlier = history.get(failure.name) ?? [];
      const { text } = await run.agent('resolve-failed-test', await failureValues(run, failure, error, earlier));
      history.set(failure.name, [...earlier, text.slice(0, MAX_HISTORY)]);
      await passesNow(run, failure);
    });
  }
}

/** Whether a test passes by its own command; a failure without one is judged by the whole suite later. */
async function passesNow(run: Run, { command, name }: FailureRef): Promise<boolean> {
  if (!command) return false;
  const { evidence } = await runCommands(run, 'run-test', [{ command, runner: 'other' }], name);
  return evidence.passed;
}

async function runCommands(
  run: Run,
  name: string,
  commands: { command: string; runner: string }[],
  about?: string,
): Promise<ChecksOutcome> {
  const timeoutMs = run.limits.testTimeoutMs;
  const { to: checkpoint } = await run.position();
  const options = { totalMs: timeoutMs * commands.length, ...(about ? { about } : {}) };
  return run.step(name, (host, step) => host.runChecks({ step, commands, checkpoint, timeoutMs }), options);
}

async function failureValues(run: Run, failure: FailureRef, error: PromptValue, earlier: readonly string[]) {
  const { settings } = await run.position();
  return {
    issue: await run.issue(),
    plan: run.plan(),
    test_name: { text: failure.name },
    test_file: { text: failure.file ?? 'unknown' },
    test_command: { text: failure.command ?? settings.checks[0]?.command ?? '' },
    test_error: error,
    suite_command: { text: settings.checks.map(({ command }) => command).join(' && ') },
    history: { text: earlier.map((text, index) => `Attempt ${index + 1}: ${text}`).join('\n\n') || 'This is the first attempt.' },
  };
}

function passed({ evidence, noTests }: ChecksOutcome, attempt: number): string {
  if (noTests) return `no tests found by ${evidence.command}`;
  const count = evidence.counts ? `${evidence.counts.passed} passed` : 'passed';
  return attempt === 1 ? count : `${count} after ${attempt} attempts`;
}

function failing({ failures, evidence: { counts } }: ChecksOutcome): string {
  const all = counts ? ` of ${counts.passed + counts.failed}` : '';
  return `${counts?.failed ?? failures.length}${all} failed: ${failures[0]?.name ?? 'the command'}${failures.length > 1 ? ', …' : ''}`;
}

function stillFailing({ failures, evidence }: ChecksOutcome, attempts: number) {
  const names = failures.slice(0, 5).map(({ name }) => name);
  return {
    code: 'tests_failing' as const,
    message: `${evidence.command} still fails after ${attempts} attempts: ${names.join(', ') || `exit code ${evidence.exitCode}`}.`,
    hint: 'Look at the work with `belay open`, then `belay retry` (`--phase implement` to start the change over).',
  };
}
