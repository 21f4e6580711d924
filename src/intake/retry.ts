import type { PhaseName } from '../contracts/constants.ts';
import { PHASES } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import { repositoryOfRun } from '../contracts/repository.ts';
import type { PullRequest, TrackerName } from '../contracts/repository.ts';
import type { EarlierWork, RunInput } from '../contracts/run-input.ts';
import type { RunVersion } from '../contracts/run-state.ts';
import type { RunView } from '../contracts/run-view.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { doneAt, lastState, stateAfter, stateOfVersion } from './kept-state.ts';
import type { KeptState } from './kept-state.ts';
import type { WorkedRun } from './earlier-work.ts';
import { hasWorked } from './earlier-work.ts';
import type { Defaults, IntakeDependencies, Order } from './order.ts';

/** As much of a request as a run's view has; `firstState` of the workflows cuts it. */
const SHOWN_REQUEST = 1000;

interface RetryRequest extends Start {
  budgetUsd?: number;
  triggeredBy: string;
}

/** Where in a closed run to go on: at its end unless said. */
interface Start {
  phase?: PhaseName;
  version?: number;
}

/** A new run that goes on where a closed one ended, from one of its phases, or from one of its versions. */
export async function retryOrder(
  deps: IntakeDependencies,
  run: RunView,
  { phase, version, budgetUsd = run.budgetUsd, triggeredBy }: RetryRequest,
): Promise<Order> {
  const { defaults, forges } = deps;
  const repository = repositoryOfRun(run);
  const pullRequest =
    run.branch && run.pullRequest ? await forges[repository.forge].findPullRequest({ repository, branch: run.branch }) : undefined;
  const open = pullRequest?.state === 'open' ? pullRequest : undefined;
  const request = run.request === undefined ? undefined : await requestOf(deps, run);
  // What is merged or closed is not gone on from by a run that never began.
  const isOver = run.pullRequest !== undefined && open === undefined;
  if (isOver && version !== undefined) throw over(run, pullRequest);
  const worked = hasWorked(run) || !isOver ? await workedRun(deps, run) : undefined;
  const versions = await deps.ledger.listVersions(run.id);
  const continues = worked && earlier({ run: worked, open, versions }, { ...(phase ? { phase } : {}), ...(version ? { version } : {}) });
  return {
    notes: [],
    input: {
      pipeline: run.pipeline,
      repository,
      ...sameAgent(defaults, run),
      triggeredBy,
      createdAt: new Date().toISOString(),
      requested: {
        ...run.requested,
        ...(budgetUsd === undefined ? {} : { budgetUsd }),
      },
      ...(run.labelled ? { labelled: run.labelled } : {}),
      ...(run.base ? { base: run.base } : {}),
      ...(continues ? { baseSha: continues.baseSha } : {}),
      ...(run.issue ? { issue: issueOf(run.issue) } : {}),
      ...(request ? { request } : {}),
      ...(continues ? { continues } : {}),
    },
  };
}

/** Whoever worked goes on, whatever the installation has chosen since; phases keep their own agents. */
function sameAgent({ model: _newer, ...defaults }: Defaults, { engine, model }: RunView): Defaults {
  return { ...defaults, engine: engine as Defaults['engine'], ...(model ? { model } : {}) };
}

/** The run with the base and commit that it had, or was to go on from where it never got a workspace. */
async function workedRun({ ledger }: Pick<IntakeDependencies, 'ledger'>, run: RunView): Promise<WorkedRun | undefined> {
  if (hasWorked(run)) return run;
  const before = run.continues ? await workedRun({ ledger }, await ledger.getRun(run.continues)) : undefined;
  return before && { ...run, baseSha: before.baseSha, ...(before.headSha ? { headSha: before.headSha } : {}) };
}

/** The whole text of a plain request: what the run, or the one it went on from, kept of it as its issue. */
async function requestOf(deps: IntakeDependencies, { id, request = '', continues }: RunView): Promise<string> {
  if (request.length < SHOWN_REQUEST) return request;
  const kept = (await deps.ledger.listArtifacts(id)).find(({ kind }) => kind === 'issue');
  if (kept) return deps.files.readArtifact(kept);
  if (continues) return requestOf(deps, await deps.ledger.getRun(continues));
  throw new BelayError({
    code: 'invalid_input',
    message: `Run ${id} ended before it kept its request, of which only the beginning is known.`,
    hint: 'Give the whole request to `belay run` again.',
  });
}

const over = ({ id }: RunView, pullRequest: PullRequest | undefined): BelayError =>
  new BelayError({
    code: 'invalid_input',
    message: `The pull request of run ${id} is ${pullRequest?.state ?? 'not there any more'}: there is nothing to bring back to a version.`,
    hint: '`belay run` works on its issue again.',
  });

interface Ended {
  run: WorkedRun;
  open: PullRequest | undefined;
  versions: readonly RunVersion[];
}

function earlier(ended: Ended, { phase, version }: Start): EarlierWork {
  const { run, versions } = ended;
  if (version !== undefined) return workAt(ended, stateOfVersion(run, versions, version));
  const done = finished(run, phase);
  const before = phase && stateAfter(versions, done);
  // What people have added to the branch is never undone: then the phase is repeated on top of that.
  return before && (!ended.open || isOwn(ended)) ? workAt(ended, before) : workAtEnd(ended, done, phase);
}

/** What the branch holds is what the run left there, without commits of people. */
function isOwn({ run, open, versions }: Ended): boolean {
  return open?.headSha === run.headSha && lastState(versions).facts.branchHead === undefined;
}

/** What the run had done at a version, and nothing of what came after. */
function workAt(ended: Ended, state: KeptState): EarlierWork {
  const { checkpoint: commit, baseSha = ended.run.baseSha, branchHead: _people, ...facts } = state.facts;
  return {
    runId: ended.run.id,
    baseSha,
    done: doneAt(state),
    ...(commit && commit !== baseSha ? { commit } : {}),
    ...facts,
    ...published(ended),
    ...(ended.open && isOwn(ended) ? { over: true } : {}),
  };
}

/** All that the run has done, with the work of a phase that it did not bring to its end. */
function workAtEnd(ended: Ended, done: NonNullable<EarlierWork['done']>, from: PhaseName | undefined): EarlierWork {
  const { run, open, versions } = ended;
  const { baseSha, phases } = run;
  const { results, facts } = lastState(versions);
  // An implementation that is to be repeated starts from what is published, else from the base.
  const repeats = phases.some(({ name }) => name === 'implement') && !done.some(({ name }) => name === 'implement');
  const commit = repeats ? open?.headSha : run.headSha;
  const { evidence, merged } = from === undefined ? facts : {};
  return {
    runId: run.id,
    baseSha,
    done: done.map((each) => withoutUndefined({ ...each, kept: results[each.name] }) as typeof each),
    ...(commit && commit !== baseSha ? { commit } : {}),
    ...(run.issueClass && keeps(from, 'classify') ? { issueClass: run.issueClass } : {}),
    ...(run.plan && keeps(from, 'plan') ? { plan: run.plan } : {}),
    ...(run.review && keeps(from, 'review') ? { review: run.review } : {}),
    ...withoutUndefined({ evidence, merged }),
    ...published(ended),
  };
}

/** Without an open pull request the branch is nobody's: the new run makes its own. */
function published({ run: { branch, pullRequest }, open }: Ended): Partial<EarlierWork> {
  if (!open || !branch || !pullRequest) return {};
  return { branch, pullRequest, branchHead: open.headSha, ...(open.draft ? { draft: true } : {}) };
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

const issueOf = ({ tracker, key, title, url }: NonNullable<RunView['issue']>): NonNullable<RunInput['issue']> => ({
  tracker: tracker as TrackerName,
  key,
  title,
  url,
});
