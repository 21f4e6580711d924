import { readFile } from 'node:fs/promises';
import type { CheckpointPlace, EngineName, PhaseName, PipelineName } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { Issue, RepositoryRef } from '../contracts/repository.ts';
import type { EarlierWork, RunInput, RunLimits } from '../contracts/run-input.ts';
import { plainLine } from '../contracts/text.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RunFiles } from '../run-files/run-files.ts';
import { readIssueFile } from '../trackers/issue-file.ts';
import type { Trackers } from '../trackers/trackers.ts';
import { parseRepositorySettings, SETTINGS_FILE } from '../repository-settings.ts';
import { earlierWork } from './earlier-work.ts';
import { choiceByLabels } from './label-choices.ts';
import type { ChoiceByLabels } from './label-choices.ts';
import { placeOf } from './place.ts';
import type { Place, PlaceDependencies, PlaceRequest } from './place.ts';
import { requireShort } from './target.ts';
import type { Target } from './target.ts';

export interface Request extends PlaceRequest {
  /** Unset: what the issue's labels choose, else the whole way. */
  pipeline?: PipelineName;
  planFile?: string;
  fresh: boolean;
  requested: NonNullable<RunInput['requested']>;
  triggeredBy: string;
}

/** What the installation says where the request does not. */
export interface Defaults {
  engine: EngineName;
  model?: string;
  failover?: EngineName[];
  script?: string;
  limits: RunLimits;
  phasesOff: PhaseName[];
  checkpoints?: CheckpointPlace;
  budgetUsd: number;
}

export interface IntakeDependencies extends PlaceDependencies {
  ledger: Ledger;
  files: RunFiles;
  trackers: Trackers;
  defaults: Defaults;
}

export interface Order {
  input: Omit<RunInput, 'id'>;
  /** For people: what was decided, and what was left out. */
  notes: string[];
  plan?: string;
}

/** Pipelines that do nothing without the work of an earlier run, and the one that gives it. */
const NEEDS_WORK: Partial<Record<PipelineName, PipelineName>> = { review: 'planBuild', document: 'planBuild', ship: 'planBuildTestReview' };

/** Turns a request into a run's input. Nothing has begun yet when it throws. */
export async function takeOrder(deps: IntakeDependencies, request: Request): Promise<Order> {
  const place = await placeOf(deps, request);
  const { repository, base } = place;
  const { issue, text } = await subjectOf(deps, repository, request.target);
  const chosen = await choicesFor(deps, place, issue);
  const pipeline = request.pipeline ?? chosen.pipeline ?? 'sdlc';
  const earlier = issue && !request.fresh ? await earlierWork(deps, { repository, issue, pipeline }) : undefined;
  requireEarlier(pipeline, earlier, issue);
  // Earlier work stays on its base: on another one, its tree would undo what that base has won.
  const baseSha = earlier?.commit ? earlier.baseSha : place.baseSha;
  const input: Order['input'] = {
    pipeline,
    repository,
    ...deps.defaults,
    requested: request.requested,
    triggeredBy: request.triggeredBy,
    ...withoutUndefined({ base, baseSha, request: text, continues: earlier, labelled: chosen.labelled }),
    ...(issue ? { issue: { tracker: issue.tracker, key: issue.key, title: plainLine(issue.title), url: issue.url } } : {}),
    createdAt: new Date().toISOString(),
  };
  const plan = request.planFile ? await readPlan(request.planFile) : undefined;
  return { input, notes: [...place.notes, ...chosen.notes, ...notesOn(earlier)], ...(plan ? { plan } : {}) };
}

/** What the run is about: an issue, or a request in words. A file for a repository elsewhere is such a request: issues are not made there. */
async function subjectOf(
  { trackers }: IntakeDependencies,
  repository: RepositoryRef,
  target: Target,
): Promise<{ issue?: Issue; text?: string }> {
  if (target.kind === 'request') return { text: target.text };
  if (target.kind === 'issue') return { issue: await openIssue(trackers, repository, target.key) };
  if (repository.forge === 'local') return { issue: await trackers.local.fileIssue({ repository, path: target.path }) };
  const { title, body } = await readIssueFile(target.path);
  const text = `# ${title}\n\n${body}`;
  requireShort(text);
  return { text };
}

/** What the issue's labels choose, by the settings of the base. */
async function choicesFor(
  { forges }: IntakeDependencies,
  { repository, settingsRef: ref }: Place,
  issue: Issue | undefined,
): Promise<ChoiceByLabels> {
  if (!issue || issue.labels.length === 0) return { notes: [] };
  const text = await forges[repository.forge].readFile({ repository, ref, path: SETTINGS_FILE });
  if (text === undefined) return { notes: [] };
  return choiceByLabels({ labels: issue.labels, settings: parseRepositorySettings(text, { source: SETTINGS_FILE }) });
}

async function openIssue(trackers: Trackers, repository: RepositoryRef, key: string): Promise<Issue> {
  const issue = await trackers[repository.forge].getIssue({ tracker: repository.forge, repository, key });
  if (issue.state === 'open') return issue;
  throw new BelayError({
    code: 'issue_closed',
    message: `Issue #${key} of ${repositorySlug(repository)} is closed.`,
    hint: 'Reopen it, then run it again.',
  });
}

function requireEarlier(pipeline: PipelineName, earlier: EarlierWork | undefined, issue: Issue | undefined): void {
  const giver = NEEDS_WORK[pipeline];
  if (!giver || earlier?.commit) return;
  throw new BelayError({
    code: 'earlier_work_missing',
    message: issue
      ? `The pipeline ${pipeline} goes on from an earlier run, but no run of issue #${issue.key} has left any work.`
      : `The pipeline ${pipeline} goes on from the earlier run of an issue; a plain request has none.`,
    hint: issue ? `Run it with \`--pipeline ${giver}\` first.` : 'File the request as an issue (a Markdown file) and run that.',
  });
}

async function readPlan(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new BelayError({
      code: 'invalid_input',
      message: `The plan ${file} cannot be read.`,
      hint: 'Check the path given with --plan.',
      cause,
    });
  });
  if (text.trim() !== '') return text;
  throw new BelayError({ code: 'invalid_input', message: `The plan ${file} is empty.`, hint: 'Leave --plan away to have one made.' });
}

function notesOn(earlier: EarlierWork | undefined): string[] {
  if (!earlier?.pullRequest) return [];
  return [`Pull request #${earlier.pullRequest.number} of run ${earlier.runId} is open: its branch is continued (--fresh starts over).`];
}
