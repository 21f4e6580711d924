import { isAcceptable } from '../../contracts/evidence.ts';
import { Attempts } from '../attempts.ts';
import type { Checked } from '../checking.ts';
import { park } from '../failures.ts';
import { phase } from '../phase.ts';

/** Runs the repository's own tests and has failures fixed until they pass or the attempts run out. */
export const test = phase('test', async (run) => {
  const { settings, from, to } = await run.position();
  if (settings.checks.length === 0) return { summary: `no tests: ${settings.checksReason}` };
  if (run.results.depth === 1) run.say(`${settings.checks.map(({ command }) => command).join(', ')} (${settings.checksReason})`);
  const { testAttempts } = run.limits;
  // Where nothing has changed yet, what fails on the base is what there is to fix.
  const attempts = new Attempts(run, { strict: from === to });
  for (let attempt = 1; ; attempt++) {
    const checked = await run.attempt(attempt, () => attempts.next({ fix: attempt < testAttempts }));
    if (isAcceptable(checked.evidence)) return { summary: passed(checked, attempt) };
    if (attempt === testAttempts || attempts.isStuck) throw park(stillFailing(checked, attempt, attempts));
  }
});

function passed({ evidence, missed }: Checked, attempt: number): string {
  if (missed) return `undone what had ${missed.count === 1 ? 'a test' : `${missed.count} tests`} not run any more`;
  if (evidence.noTests) return `no tests found by ${evidence.command}`;
  const { counts, knownFailures } = evidence;
  const count = counts ? `${counts.passed} passed` : 'passed';
  const known = knownFailures ? `, ${knownFailures.count} failing on the base already` : '';
  return attempt === 1 ? `${count}${known}` : `${count}${known} after ${attempt} attempts`;
}

function stillFailing({ failures, evidence, note }: Checked, count: number, { isStuck, isRefused }: Attempts) {
  const names = failures.slice(0, 5).map(({ name }) => name);
  const how = isStuck ? 'still fails in the same way, another approach included,' : 'still fails';
  const why = [...(isRefused ? ['The last fixes were undone, because the tests would have found less'] : []), ...(note ? [note] : [])];
  return {
    code: isRefused ? ('tests_weakened' as const) : ('tests_failing' as const),
    message:
      `${evidence.command} ${how} after ${count} attempts: ${names.join(', ') || `exit code ${evidence.exitCode}`}. ${why.map((each) => `${each}.`).join(' ')}`.trim(),
    hint: 'Look at the work with `belay open`, then `belay retry` (`--phase implement` to start the change over).',
  };
}
