import { readFile } from 'node:fs/promises';
import type { EngineName, PhaseName, PipelineName, WorkspaceKind } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { Issue, RepositoryRef } from '../contracts/repository.ts';
import type { EarlierWork, RunInput, RunLimits } from '../contracts/run-input.ts';
import { plainLine } from '../contracts/text.ts';
import type { LocalForge } from '../forges/local.ts';
import type { UserRepository } from '../git/user-repository.ts';
import { inspectRepository, requireBranch } from '../git/user-repository.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RunFiles } from '../run-files/run-files.ts';
import type { LocalTracker } from '../trackers/local.ts';
import { earlierWork } from './earlier-work.ts';
import type { Target } from './target.ts';

export interface Request {
  target: Target;
  /** A path; the working directory unless the target names a repository. */
  repository?: string;
  workingDirectory: string;
  base?: string;
  pipeline: PipelineName;
  planFile?: string;
  fresh: boolean;
  workspace?: WorkspaceKind;
  requested: { engine?: EngineName; model?: string; budgetUsd?: number };
  triggeredBy: string;
}

/** What the installation says where the request does not. */
export interface Defaults {
  engine: EngineName;
  model?: string;
  script?: string;
  limits: RunLimits;
  phasesOff: PhaseName[];
  budgetUsd: number;
}

export interface IntakeDependencies {
  ledger: Ledger;
  files: RunFiles;
  forge: LocalForge;
  tracker: LocalTracker;
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
  const { repository, checkout } = await repositoryOf(deps, request);
  if (request.base !== undefined) await requireBranch(checkout, request.base);
  const issue = await issueOf(deps, repository, request.target);
  const earlier = issue && !request.fresh ? await earlierWork(deps, { repository, issue, pipeline: request.pipeline }) : undefined;
  requireEarlier(request, earlier, issue);
  const base = request.base ?? checkout.head.branch;
  const baseSha = baseCommit(request, checkout, earlier);
  const input: Order['input'] = {
    pipeline: request.pipeline,
    repository,
    ...deps.defaults,
    requested: request.requested,
    triggeredBy: request.triggeredBy,
    ...(base ? { base } : {}),
    ...(baseSha ? { baseSha } : {}),
    ...(request.workspace ? { workspace: request.workspace } : {}),
    ...(issue
      ? {
          issue: {
            tracker: issue.tracker,
            key: issue.key,
            title: plainLine(issue.title),
            url: issue.url,
          },
        }
      : {}),
    ...(request.target.kind === 'request' ? { request: request.target.text } : {}),
    ...(earlier ? { continues: earlier } : {}),
    createdAt: new Date().toISOString(),
  };
  const plan = request.planFile ? await readPlan(request.planFile) : undefined;
  return { input, notes: notesOf(checkout, base, earlier), ...(plan ? { plan } : {}) };
}

/** Earlier work stays on its base: on another one, its tree would undo what that base has won. A named branch is looked up when the run begins. */
function baseCommit({ base }: Request, { head }: UserRepository, earlier: EarlierWork | undefined): string | undefined {
  if (earlier?.commit) return earlier.baseSha;
  return base === undefined ? head.sha : undefined;
}

async function repositoryOf(
  { forge }: IntakeDependencies,
  { target, repository, workingDirectory }: Request,
): Promise<{ repository: RepositoryRef; checkout: UserRepository }> {
  if (target.kind === 'issue' && target.repository && !repository) {
    const named: RepositoryRef = { forge: 'local', ...target.repository };
    return { repository: named, checkout: await inspectRepository((await forge.gitAccess(named)).url) };
  }
  const checkout = await inspectRepository(repository ?? workingDirectory);
  return { repository: await forge.register({ path: checkout.root }), checkout };
}

async function issueOf({ tracker }: IntakeDependencies, repository: RepositoryRef, target: Target): Promise<Issue | undefined> {
  if (target.kind === 'file') return tracker.fileIssue({ repository, path: target.path });
  if (target.kind === 'issue') return tracker.getIssue({ tracker: 'local', repository, key: target.key });
  return undefined;
}

function requireEarlier({ pipeline }: Request, earlier: EarlierWork | undefined, issue: Issue | undefined): void {
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

function notesOf({ dirty, head, root }: UserRepository, base: string | undefined, earlier: EarlierWork | undefined): string[] {
  return [
    ...(base ? [] : [`${root} is on no branch: the work is based on commit ${head.sha.slice(0, 12)}.`]),
    ...(dirty ? [`Uncommitted changes in ${root} are left out: the work is based on the last commit${base ? ` of ${base}` : ''}.`] : []),
    ...(earlier?.pullRequest
      ? [`Pull request #${earlier.pullRequest.number} of run ${earlier.runId} is open: its branch is continued (--fresh starts over).`]
      : []),
  ];
}
