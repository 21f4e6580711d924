import { isCancellation, log } from '@temporalio/workflow';
import type { CommandName } from '../../contracts/constants.ts';
import { isAcceptable } from '../../contracts/evidence.ts';
import type { Evidence } from '../../contracts/evidence.ts';
import type { PromptValue } from '../../contracts/work.ts';
import { Finished, troubleOf } from '../failures.ts';
import type { Trouble } from '../failures.ts';
import { phase } from '../phase.ts';
import { openPullRequest } from '../publishing/pull-request.ts';
import { pushWork } from '../publishing/push.ts';
import type { Pushed } from '../publishing/push.ts';
import type { Run } from '../run.ts';
import { phaseView } from '../view.ts';
import { runTests } from '../checking.ts';
import { evidenceText } from '../evidence-text.ts';
import { test } from './test.ts';

/** Pushes the checked work and opens the run's pull request, or brings the one up to date that an earlier run opened. */
export const publish = phase('publish', async (run) => {
  const { from, to } = await run.position();
  const published = publishedBefore(run, to);
  if (to === from || (published && !run.input.continues?.draft)) throw new Finished();
  await verifyTree(run);
  const [message, text] = await writeTexts(run);
  const pushed = published ?? (await pushWork(run, message));
  const notice = noticeOf(run);
  const { branch, headSha } = pushed;
  const texts = { ...(text ? { textArtifact: text } : {}), ...(notice ? { notice } : {}) };
  const { number } = await openPullRequest(run, { branch, headSha, last: true, ...texts });
  return { summary: [`#${number}${notice ? ' (draft)' : ''}`, ...remarks(pushed)].join(', ') };
});

/** Nothing is new on a branch that is continued; its pull request may still have been a draft until now. */
function publishedBefore({ input: { continues } }: Run, commit: string): Pick<Pushed, 'branch' | 'headSha' | 'taken'> | undefined {
  const { branch, branchHead } = continues ?? {};
  return branch !== undefined && branchHead === commit ? { branch, headSha: commit, taken: [] } : undefined;
}

/** What is published is what was checked: another tree than the evidence's is checked again. */
async function verifyTree(run: Run): Promise<void> {
  const { settings } = await run.position();
  if (run.isOff('test') || settings.checks.length === 0 || (await isChecked(run))) return;
  const documented = run.results.get('document');
  const { evidence } = await run.results.within('final', () => runTests(run));
  if (isAcceptable(evidence)) return;
  // Only the documentation came after the last check: without it the work is what was checked.
  if (!run.state.merged && documented?.before && documented.before !== documented.checkpoint) {
    run.goBackTo(documented.before);
    phaseView(run.state.view, 'document').summary = 'left out: the checks failed with it';
  }
  if (await isChecked(run)) run.showEvidence(run.state.evidence as Evidence);
  else await run.phase(test);
}

const isChecked = async (run: Run): Promise<boolean> => run.state.evidence?.commit === (await run.position()).to;

/** One after the other, although both only read: a run has one agent at a time, whoever looks. */
async function writeTexts(run: Run): Promise<(string | undefined)[]> {
  const { view, evidence } = run.state;
  const [issue, diff] = [await run.issue(), await run.diff()];
  const message = await compose(run, 'commit-message', { issue, class: { text: view.issueClass ?? 'chore' }, diff });
  const text = await compose(run, 'pull-request', { issue, plan: run.plan(), diff, evidence: { text: evidenceText(evidence) } });
  return [message, text];
}

/** Texts are worth an agent's turn, but not the work: without them plain ones are used. */
async function compose(run: Run, command: CommandName, values: Record<string, PromptValue>): Promise<string | undefined> {
  try {
    return (await run.agent(command, values, { expendable: true })).artifactId;
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn(`${command} failed; a plain text is used`, { trouble: troubleOf(error) });
    return undefined;
  }
}

/** Why the pull request is a draft, if it is one. */
function noticeOf(run: Run): string | undefined {
  const { trouble } = (run.results.get('review')?.value ?? {}) as { trouble?: Trouble };
  if (!trouble) return undefined;
  const tests = run.state.evidence ? 'The work is finished and tested' : 'The work is finished';
  return `${tests}, but its review could not be brought to an end. ${trouble.code}: ${trouble.message}`;
}

/** What people may wonder about when they look at the branch. */
function remarks({ taken, restored }: Pick<Pushed, 'taken' | 'restored'>): string[] {
  return [
    ...taken.map(({ name, what, sha }) => `${what === 'base' ? 'with' : "on people's commits of"} ${name} at ${sha.slice(0, 12)}`),
    ...(restored ? ['its branch was gone and was pushed anew'] : []),
  ];
}
