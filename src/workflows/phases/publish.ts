import { isCancellation, log } from '@temporalio/workflow';
import type { CommandName } from '../../contracts/constants.ts';
import { isAcceptable } from '../../contracts/evidence.ts';
import type { Evidence } from '../../contracts/evidence.ts';
import type { RunInput } from '../../contracts/run-input.ts';
import type { ChangeNames, PromptValue } from '../../contracts/work.ts';
import { Finished, troubleOf } from '../failures.ts';
import { phase } from '../phase.ts';
import type { Run } from '../run.ts';
import { phaseView } from '../view.ts';
import { runTests } from '../checking.ts';
import { evidenceText } from '../evidence-text.ts';
import { test } from './test.ts';

/** Pushes the checked work and opens the run's pull request, or brings the one up to date that an earlier run opened. */
export const publish = phase('publish', async (run) => {
  const { view } = run.state;
  const { from, to } = await run.position();
  if (to === from || to === run.input.continues?.branchHead) throw new Finished();
  await verifyTree(run);
  const message = await compose(run, 'commit-message', {
    issue: await run.issue(),
    class: { text: view.issueClass ?? 'chore' },
    diff: await run.diff(),
  });
  const text = await compose(run, 'pull-request', {
    issue: await run.issue(),
    plan: run.plan(),
    diff: await run.diff(),
    evidence: { text: evidenceText(run.state.evidence) },
  });
  const branch = await pushBranch(run, message);
  const pullRequest = await openPullRequest(run, { ...branch, ...(text ? { textArtifact: text } : {}) });
  view.pullRequest = pullRequest;
  return { summary: `#${pullRequest.number}` };
});

/** What is published is what was checked: another tree than the evidence's is checked again. */
async function verifyTree(run: Run): Promise<void> {
  const { settings } = await run.position();
  if (run.isOff('test') || settings.checks.length === 0 || (await isChecked(run))) return;
  const documented = run.results.get('document');
  const { evidence } = await run.results.within('final', () => runTests(run));
  if (isAcceptable(evidence)) return;
  // Only the documentation came after the last check: without it the work is what was checked.
  if (documented?.before && documented.before !== documented.checkpoint) {
    run.goBackTo(documented.before);
    phaseView(run.state.view, 'document').summary = 'left out: the checks failed with it';
  }
  if (await isChecked(run)) run.showEvidence(run.state.evidence as Evidence);
  else await run.phase(test);
}

const isChecked = async (run: Run): Promise<boolean> => run.state.evidence?.commit === (await run.position()).to;

/** Texts are worth an agent's turn, but not the work: without them plain ones are used. */
async function compose(run: Run, command: CommandName, values: Record<string, PromptValue>): Promise<string | undefined> {
  try {
    return (await run.agent(command, values)).artifactId;
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn(`${command} failed; a plain text is used`, { trouble: troubleOf(error) });
    return undefined;
  }
}

async function pushBranch(run: Run, messageArtifact: string | undefined) {
  const { repository, continues } = run.input;
  const { view, evidence, published } = run.state;
  const { from, to: checkpoint } = await run.position();
  // An open pull request's branch is continued with a commit on top; everything else is one commit on the base.
  const continued = continues?.branchHead;
  return run.step('push-branch', async (host, step) => {
    const pushed = await host.publishBranch({
      step,
      repository,
      checkpoint,
      parent: continued ?? from,
      expected: published?.headSha ?? continued ?? null,
      names: namesOf(run),
      ...(evidence ? { evidence } : {}),
      ...(messageArtifact ? { messageArtifact } : {}),
    });
    const { branch, headSha, diffStat } = pushed;
    run.state.published = { branch, headSha };
    Object.assign(view, { branch, headSha, diffStat });
    return pushed;
  });
}

function namesOf({ input, state: { view } }: Run): ChangeNames {
  const { issueClass, branch, createdAt } = view;
  return {
    title: titleOf(input),
    createdAt,
    ...(issueClass ? { issueClass } : {}),
    ...(input.issue ? { issueKey: input.issue.key } : {}),
    ...(branch ? { branch } : {}),
  };
}

const titleOf = ({ issue, request }: RunInput): string => issue?.title ?? request?.split('\n', 1)[0]?.slice(0, 100) ?? 'change';

async function openPullRequest(run: Run, { branch, headSha, textArtifact }: { branch: string; headSha: string; textArtifact?: string }) {
  const { evidence, issueArtifact, view } = run.state;
  const { from: baseSha } = await run.position();
  const reviewed = run.results.get('review')?.value as { artifactId?: string } | undefined;
  // The pull request tells what the ledger knows of the run.
  await run.record();
  return run.step('open-pull-request', (host, step) =>
    host.openPullRequest({
      step: { ...step, last: true },
      repository: run.input.repository,
      branch,
      base: view.base ?? baseSha,
      headSha,
      title: titleOf(run.input),
      issueArtifact: issueArtifact as string,
      ...(textArtifact ? { textArtifact } : {}),
      ...(evidence ? { evidence } : {}),
      ...(reviewed?.artifactId ? { reviewArtifact: reviewed.artifactId } : {}),
    }),
  );
}
