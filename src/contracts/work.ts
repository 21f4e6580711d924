import type { CommandName, EngineName, PhaseName } from './constants.ts';
import type { Evidence, SomeTests } from './evidence.ts';
import type { LeaseRef } from './lease.ts';
import type { IssueRef, RepositoryRef } from './repository.ts';
import type { EarlierWork } from './run-input.ts';
import type { RunSettings } from './run-state.ts';
import type { RunError, RunView, SessionView } from './run-view.ts';

/** What travels with a failure beside its code and message. */
export interface FailureDetails {
  hint?: string;
  /** ISO-8601 UTC: when trying again makes sense. */
  retryAt?: string;
  /** What an agent's step has used, over all its attempts, although it failed. */
  spent?: SessionView;
}

/** Where in a run a piece of work stands. Steps are numbered across the run. */
export interface StepRef {
  lease: LeaseRef;
  number: number;
  name: string;
  phase: PhaseName;
  attempt: number;
  /** The run needs no workspace after this. */
  last?: true;
}

/** A value for a prompt's placeholder: a reference wherever the text may be long. */
export type PromptValue =
  | { text: string }
  | { artifact: string; pick?: (string | number)[]; as?: 'data' }
  /** A file of the base: what the team has written, not what an agent has. */
  | { baseFile: string }
  | { diff: { from: string; to: string } };

export interface HoldInput {
  lease: LeaseRef;
  repository: RepositoryRef;
  base?: string;
  baseSha?: string;
  /** The commit that holds the run's work so far. */
  checkpoint?: string;
  continues?: EarlierWork;
}

export interface ReadIssueInput {
  step: StepRef;
  issue?: IssueRef;
  request?: string;
}
export interface ReadIssueOutcome {
  /** Title, labels and text, as Markdown. */
  artifactId: string;
  title: string;
}

export interface AgentInput {
  step: StepRef;
  command: CommandName;
  values: Record<string, PromptValue>;
  engine: EngineName;
  model?: string;
  script?: string;
  idleMs: number;
  totalMs: number;
  budgetUsd?: number;
  /** The commit that the turn starts from. */
  checkpoint: string;
  /** Keep the answer as the run's plan. */
  keepAs?: 'plan';
}
/** A review, as far as the workflow needs it: the artifact has the rest. */
export interface ReviewDigest {
  /** `index`: the issue's place in the artifact. */
  blockers: { index: number; title: string }[];
  others: number;
}

/** The failing tests of a log, as far as the workflow needs them: the artifact has their errors. */
export interface TestResultsDigest {
  failures: FailureRef[];
}

export interface AgentOutcome {
  session: SessionView;
  /** The answer, whole. */
  artifactId: string;
  sha256: string;
  /** The answer's beginning. */
  text: string;
  /** What the workflow decides by: a `Classification`, a `ReviewDigest` or a `TestResultsDigest`. */
  json?: unknown;
  /** The commit after the turn; the one before where nothing changed. */
  checkpoint: string;
  changed: boolean;
  /** What it changed was undone, for these reasons: the tests would have found less. */
  undone?: string[];
  /** Protected paths that it changed, and that were put back. */
  putBack?: string[];
}

export interface ChecksInput {
  step: StepRef;
  commands: { command: string; runner: string }[];
  checkpoint: string;
  timeoutMs: number;
  /** The report of an earlier check: tests that it ran are missed. */
  since?: string;
}
export interface FailureRef {
  /** Its place in the report, which has its error. */
  index: number;
  name: string;
  file?: string;
  command?: string;
}
export interface ChecksOutcome {
  evidence: Evidence;
  /** The first failures; texts are in the evidence's artifact. */
  failures: FailureRef[];
  /** No failure names a test: the failed commands are all that is known. */
  unnamed: boolean;
  /** The same for the same failures with the same errors. */
  signature: string;
  noTests: boolean;
  /** Tests that the earlier check ran and this one did not. */
  missed?: SomeTests;
}

export interface AffectedInput extends ChecksInput {
  /** The commit since which files have changed. */
  changedSince: string;
}

export interface CompareInput extends ChecksInput {
  base: string;
  /** The report of the check that failed. */
  report: string;
}
/** A failed check, beside what the same commands say on the base. */
export interface BaseComparison extends Pick<ChecksOutcome, 'failures' | 'unnamed' | 'signature'> {
  /** Where all that failed fails on the base as well. */
  knownFailures?: SomeTests;
  /** Why failures count although the base fails too. */
  note?: string;
}

/** What names a run's branch and commit: the same on every attempt. */
export interface ChangeNames {
  title: string;
  issueClass?: string;
  issueKey?: string;
  /** When the run was asked for: the date of its commit. */
  createdAt: string;
  /** The branch, where the run has one already. */
  branch?: string;
}

export interface PublishBranchInput {
  step: StepRef;
  repository: RepositoryRef;
  /** The commit whose tree is published. */
  checkpoint: string;
  /** The parent of the published commit: the base, or the head of the branch that is continued. */
  parent: string;
  /** The base that the work has in it. */
  base: { sha: string; branch?: string };
  /** The work before a newer base was merged into it: a commit of its own, below the merge. */
  work?: string;
  /** The head that the branch is known to have; null where it must not exist yet. */
  expected: string | null;
  /** The newest head of the branch with commits of people: what is published has them in it. */
  branchHead?: string;
  /** What is done when the base has moved. */
  update: RunSettings['updateBase'];
  /** Nothing more is taken in: a base that moved stays aside, a branch that moved is an error. */
  settle?: true;
  names: ChangeNames;
  issue?: IssueRef;
  /** The branch's pull request, where there is one. */
  pullRequest?: number;
  /** The check that this tree passed, unless nothing checks it. */
  evidence?: Evidence;
  /** The agent's commit message. */
  messageArtifact?: string;
}
export interface PushedBranch {
  branch: string;
  headSha: string;
  diffStat: string;
  /** The branch had been deleted meanwhile. */
  restored?: true;
}
/** Commits of others, which the work does not have yet. */
export interface Moved {
  what: 'base' | 'branch';
  name: string;
  sha: string;
}
export type PublishBranchOutcome =
  | PushedBranch
  | { moved: Moved }
  /** Nobody wants it any more; the reason, for people. */
  | { over: string }
  /** The work leaves everything as it was. */
  | { unchanged: true };

export interface TakeInInput {
  step: StepRef;
  repository: RepositoryRef;
  checkpoint: string;
  theirs: Moved;
}
/** Files with conflicts; the artifact has all of them, with what git said. */
export interface Conflicts {
  count: number;
  /** The first ones. */
  files: string[];
  artifactId: string;
}
export interface TakeInOutcome {
  /** Has both sides in it; with conflict markers where they conflict. */
  checkpoint: string;
  conflicts?: Conflicts;
}
export interface FindConflictsInput {
  step: StepRef;
  checkpoint: string;
  /** What was found when the sides were merged. */
  artifactId: string;
}

export interface OpenPullRequestInput {
  step: StepRef;
  repository: RepositoryRef;
  branch: string;
  /** A branch, or the commit that the run began from. */
  base: string;
  headSha: string;
  title: string;
  issueArtifact: string;
  /** The agent's title and body. */
  textArtifact?: string;
  evidence?: Evidence;
  /** Issues of the review that do not block, in the artifact of the review. */
  reviewArtifact?: string;
  /** `unfinished`: until Belay says otherwise. `always`: until a person does. */
  draft?: 'unfinished' | 'always';
  /** Why it is unfinished, for the reader of the pull request. */
  notice?: string;
  reviewers: string[];
  labels: string[];
}
export interface OpenPullRequestOutcome {
  number: number;
  url: string;
  title: string;
}

export interface CommentInput {
  issue: IssueRef;
  runId: string;
  trouble?: RunError;
}

export interface UpdateDraftInput {
  repository: RepositoryRef;
  runId: string;
  branch: string;
  trouble?: RunError;
}

/** What a host does in a workspace it holds. */
export interface HostActivities {
  readIssue(input: ReadIssueInput): Promise<ReadIssueOutcome>;
  runAgent(input: AgentInput): Promise<AgentOutcome>;
  runChecks(input: ChecksInput): Promise<ChecksOutcome>;
  /** Null where no test is known to be affected. */
  runAffected(input: AffectedInput): Promise<ChecksOutcome | null>;
  compareWithBase(input: CompareInput): Promise<BaseComparison>;
  publishBranch(input: PublishBranchInput): Promise<PublishBranchOutcome>;
  takeIn(input: TakeInInput): Promise<TakeInOutcome>;
  /** What a checkpoint still has of the conflicts that were found; none where it is free of them. */
  findConflicts(input: FindConflictsInput): Promise<{ left?: Conflicts }>;
  openPullRequest(input: OpenPullRequestInput): Promise<OpenPullRequestOutcome>;
}

/** What a host does to grant and hold a workspace. */
export interface LeaseActivities {
  holdWorkspace(input: HoldInput): Promise<void>;
}

/** Short calls to trackers, forges and the server. */
export interface OrchestratorActivities {
  commentProgress(input: CommentInput): Promise<void>;
  /** Has the draft of a run that stopped say so. */
  updateDraft(input: UpdateDraftInput): Promise<void>;
  /** Has the server cancel this run, so that it closes as Canceled. */
  requestCancel(input: { workflowId: string; executionId: string }): Promise<void>;
}

/** What a session used in a phase, beyond what the run's view has of it. */
export interface UntoldSpending {
  phase: PhaseName;
  session: SessionView;
}
export interface RecordInput {
  view: RunView;
}
export interface RecordOutcome {
  /** What was spent without the run being told: added to the view that was kept, for the run to add to its own. */
  untold?: UntoldSpending[];
}

/** Local to the worker that decides. */
export interface RecordActivities {
  recordRun(input: RecordInput): Promise<RecordOutcome>;
}
