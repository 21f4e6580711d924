import type { PhaseName } from '../contracts/constants.ts';
import { PHASES } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import { localRepository } from '../contracts/repository.ts';
import type { EarlierWork, RunInput } from '../contracts/run-input.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { IntakeDependencies, Order } from './order.ts';

/** A new run that goes on where a closed one ended, or from one of its phases. */
export async function retryOrder(
  { defaults, forge }: IntakeDependencies,
  run: RunView,
  { phase, budgetUsd = run.budgetUsd, triggeredBy }: { phase?: PhaseName; budgetUsd?: number; triggeredBy: string },
): Promise<Order> {
  const repository = localRepository(run.repository);
  const pullRequest = run.branch && run.pullRequest ? await forge.findPullRequest({ repository, branch: run.branch }) : undefined;
  const branchHead = pullRequest?.state === 'open' ? pullRequest.headSha : undefined;
  return {
    notes: [],
    input: {
      pipeline: run.pipeline,
      repository,
      ...defaults,
      triggeredBy,
      createdAt: new Date().toISOString(),
      requested: {
        engine: run.engine as IntakeDependencies['defaults']['engine'],
        ...(run.model ? { model: run.model } : {}),
        ...(budgetUsd === undefined ? {} : { budgetUsd }),
      },
      ...(run.base ? { base: run.base } : {}),
      ...(run.baseSha ? { baseSha: run.baseSha } : {}),
      ...(run.issue ? { issue: issueOf(run.issue) } : {}),
      ...(run.request ? { request: run.request } : {}),
      ...(run.baseSha ? { continues: earlier({ ...run, baseSha: run.baseSha }, branchHead, phase) } : {}),
    },
  };
}

function earlier(run: RunView & { baseSha: string }, branchHead: string | undefined, from: PhaseName | undefined): EarlierWork {
  const { baseSha, branch, pullRequest, phases } = run;
  const done = finished(run, from);
  // Only the newest commit is known: an implementation that is to be repeated starts from what is published, else from the base.
  const repeats = phases.some(({ name }) => name === 'implement') && !done.some(({ name }) => name === 'implement');
  const commit = repeats ? branchHead : run.headSha;
  return {
    runId: run.id,
    baseSha,
    done,
    ...(commit && commit !== baseSha ? { commit } : {}),
    ...(run.issueClass && keeps(from, 'classify') ? { issueClass: run.issueClass } : {}),
    ...(run.plan && keeps(from, 'plan') ? { plan: run.plan } : {}),
    // Without an open pull request the branch is nobody's: the new run makes its own.
    ...(branchHead && branch && pullRequest ? { branch, pullRequest, branchHead } : {}),
  };
}

/** Whether what a phase gave is kept when the run goes on from another one. */
const keeps = (from: PhaseName | undefined, phase: PhaseName): boolean =>
  from === undefined || PHASES.indexOf(phase) < PHASES.indexOf(from);

/** The phases that need not be repeated: completed ones, up to the one to go on from. */
function finished({ phases }: RunView, from: PhaseName | undefined): { name: PhaseName; summary: string }[] {
  if (from && !phases.some(({ name }) => name === from)) {
    throw new BelayError({
      code: 'invalid_input',
      message: `The run has no phase ${from}.`,
      hint: `It has ${phases.map(({ name }) => name).join(', ')}.`,
    });
  }
  const end = phases.findIndex(({ name, status }) => name === from || (status !== 'completed' && status !== 'skipped'));
  const before = phases.slice(0, end < 0 ? phases.length : end);
  return before.filter(({ status }) => status === 'completed').map(({ name, summary }) => ({ name, summary: summary ?? '' }));
}

const issueOf = ({ key, title, url }: NonNullable<RunView['issue']>): NonNullable<RunInput['issue']> => ({
  tracker: 'local',
  key,
  title,
  url,
});
