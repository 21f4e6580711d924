import type {
  PublishBranchInput,
  PublishBranchOutcome,
  TakeInInput,
  Conflicts,
  TakeInOutcome,
  FindConflictsInput,
  OpenPullRequestInput,
  OpenPullRequestOutcome,
  UpdateDraftInput,
} from './publishing.ts';
import type { CommandName, EngineName, PhaseName } from './constants.ts';
import type { Evidence, SomeTests } from './evidence.ts';
import type { LeaseRef } from './lease.ts';
import type { IssueRef, RepositoryRef } from './repository.ts';
import type { EarlierWork } from './run-input.ts';
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

export interface CommentInput {
  issue: IssueRef;
  runId: string;
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
