import type { AffectedInput, BaseComparison, ChecksInput, ChecksOutcome, CompareInput } from './checks.ts';
import type { CheckpointPlace, CommandName, EngineName, NoticeName, PhaseName, RunStatus, WaitingFor, WorkspaceKind } from './constants.ts';
import type {
  Conflicts,
  FindConflictsInput,
  OpenPullRequestInput,
  OpenPullRequestOutcome,
  PublishBranchInput,
  PublishBranchOutcome,
  TakeInInput,
  TakeInOutcome,
  UpdateDraftInput,
} from './publishing.ts';
import type { Asked, AskedOf, LeaseRef } from './lease.ts';
import type { IssueRef, RepositoryRef } from './repository.ts';
import type { EarlierWork } from './run-input.ts';
import type { IssueLabels, RunVersion } from './run-state.ts';
import type { RunError, RunView, SessionView } from './run-view.ts';

/** What travels with a failure beside its code and message. */
export interface FailureDetails {
  hint?: string;
  /** How often it was tried. */
  attempts?: number;
  /** ISO-8601 UTC: when trying again makes sense. */
  retryAt?: string;
  /** How long that was from then on, by the clock that the failure was seen by. */
  waitMs?: number;
  /** What an agent's step has used, over all its attempts, although it failed. */
  spent?: SessionView;
  /** The commit that holds what a turn had done that was ended for its price: the run goes on from it. */
  checkpoint?: string;
  /** The commit that holds what an interrupted turn had done: only the same step goes on from it. */
  interim?: string;
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

/** As a run says it. */
export type AskedStep = Asked<StepRef>;

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
  continues?: Pick<EarlierWork, 'runId' | 'commit' | 'branchHead' | 'over' | 'plan' | 'review'>;
  /** Unless said, what the repository's settings say. */
  workspace?: WorkspaceKind;
  /** Commits that the run may go back to, and that nothing may refer to any more: kept by their versions. */
  keep?: { version: number; sha: string }[];
  /** Unless said, what the repository's settings say, else its forge. */
  checkpoints?: CheckpointPlace;
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
  /** Of an issue's title and text, without its comments. */
  digest?: string;
}

/** What an agent is told that goes on in place of another. */
export interface TakeOver {
  from: EngineName;
  /** The run's base: what was changed since is shown. */
  base: string;
  /** The plan's artifact, where the prompt itself does not have it. */
  plan?: string;
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
  /** What the step may cost, all its turns together. */
  budgetUsd?: number;
  /** The commit that the turn starts from. */
  checkpoint: string;
  /** What an earlier turn of this step had done when it was interrupted. */
  interim?: string;
  /** Another agent began this step and had to stop. */
  takesOver?: TakeOver;
  /** Why the last turn of this command was undone, if it was. */
  undone?: string[];
  /** What people have said since the last turn. */
  messages?: string[];
  /** Go on in this session of an earlier step, where this host has it: only the messages are new to it. */
  resume?: string;
  /** Keep the answer as the run's plan. */
  keepAs?: 'plan';
}
/** A review, as far as the workflow needs it: the artifact has the rest. */
export interface ReviewDigest {
  /** `index`: the issue's place in the artifact. */
  blockers: { index: number; title: string }[];
  others: number;
}

export interface AgentOutcome {
  session: SessionView;
  /** The answer, whole. */
  artifactId: string;
  /** Of a plan. */
  sha256?: string;
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
  /** What looked like secrets, as `<file>:<line> <kind>`; these files were put back. */
  leaked?: string[];
}

/** How an issue is now. */
export interface IssueNow {
  digest?: string;
  /** Closed or gone, in words. */
  over?: string;
}

export interface CommentInput {
  issue: IssueRef;
  runId: string;
  /** What the ledger was told last: a host that knows less asks the run itself. */
  viewVersion?: number;
  /** Look whether the issue is still open, too. */
  look?: true;
  trouble?: RunError;
  labels?: IssueLabels;
}

export interface DropHandoverInput {
  repository: RepositoryRef;
  runId: string;
}

export interface NotifyInput {
  runId: string;
  event: NoticeName;
  /** ISO-8601 UTC: when it happened, however late it is told. */
  at: string;
  status: RunStatus;
  waitingFor?: WaitingFor;
  /** What the ledger was told last: a host that knows less asks the run itself. */
  viewVersion?: number;
  trouble?: RunError;
}

export type HostActivities = AskedOf<HostWork>;
export type LeaseActivities = AskedOf<LeaseWork>;

/** What a host does in a workspace it holds. */
interface HostWork {
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
interface LeaseWork {
  holdWorkspace(input: HoldInput): Promise<void>;
}

/** Short calls to trackers, forges and the server. */
export interface OrchestratorActivities {
  /** Of the issue's title and text as they are now, and why nobody wants it worked on any more, if so. */
  readIssueDigest(input: { issue: IssueRef }): Promise<IssueNow>;
  /** Tells the program that this installation names what becomes of a run. */
  notifyPeople(input: NotifyInput): Promise<void>;
  commentProgress(input: CommentInput): Promise<Pick<IssueNow, 'over'> | void>;
  /** Has the draft of a run that stopped say so. */
  updateDraft(input: UpdateDraftInput): Promise<void>;
  /** Removes from the remote what other hosts would have gone on from. */
  dropHandover(input: DropHandoverInput): Promise<void>;
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
  /** Those that have come since the last record. */
  versions?: RunVersion[];
}
export interface RecordOutcome {
  /** What was spent without the run being told: added to the view that was kept, for the run to add to its own. */
  untold?: UntoldSpending[];
  /** What this installation wants to be told of; missing where that is nothing. */
  notices?: NoticeName[];
}

/** Local to the worker that decides. */
export interface RecordActivities {
  recordRun(input: RecordInput): Promise<RecordOutcome>;
}
