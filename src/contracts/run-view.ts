import type { ApprovalName, Outcome, PhaseName, PhaseStatus, PipelineName, RunStatus, WaitingFor, WorkspaceKind } from './constants.ts';
import type { ErrorCode } from './errors.ts';
import type { Evidence } from './evidence.ts';
import type { LabelledChoices, RunInput } from './run-input.ts';

export interface RunError {
  phase?: PhaseName;
  step?: string;
  code: ErrorCode;
  message: string;
  hint?: string;
  /** How often the failing step was tried, where it is known. */
  attempts?: number;
}

export interface SessionView {
  name: string;
  engine: string;
  id: string;
  costUsd: number;
  tokens: number;
}

export interface PhaseView {
  name: PhaseName;
  status: PhaseStatus;
  attempts: number;
  startedAt?: string;
  completedAt?: string;
  durationMs?: number;
  summary?: string;
  error?: Omit<RunError, 'phase'>;
  sessions: SessionView[];
  evidence?: Evidence;
}

/** What people and scripts see of a run: the same JSON from the command line, the `status` query and the API. Times are ISO-8601 UTC. */
export interface RunView {
  id: string;
  workflowId: string;
  /** Rises with every change; a later version replaces an earlier one. */
  version: number;
  pipeline: PipelineName;
  status: RunStatus;
  waitingFor?: WaitingFor;
  /** When the wait ends by itself. */
  waitingUntil?: string;
  /** What it waits for, in a line. */
  waitingMessage?: string;
  /** What a person is asked to approve; the hash is of the plan, or of the commit to publish. */
  approval?: { of: ApprovalName; hash: string; since?: string };
  /** Who has approved what, and when; by whatever name they gave. */
  approvals?: { of: ApprovalName; hash: string; by?: string; at: string }[];
  /** Of a parked run: since when, and when it is closed unless somebody goes on with it. */
  parkedSince?: string;
  parkedUntil?: string;
  outcome?: Outcome;
  issue?: { tracker: string; repository: string; key: string; title: string; url: string };
  request?: string;
  issueClass?: string;
  /** `owner/name`. */
  repository: string;
  branch?: string;
  base?: string;
  baseSha?: string;
  headSha?: string;
  /** Of the run as a whole; sessions say which one worked, for phases may have their own. */
  engine: string;
  model?: string;
  /** What was asked for with the run, and what its issue's labels chose. */
  requested?: RunInput['requested'];
  labelled?: LabelledChoices;
  workspace?: { kind: WorkspaceKind; host: string; path: string; ports: { backend: number; frontend: number } };
  continues?: string;
  currentStep?: string;
  phases: PhaseView[];
  plan?: { artifactId: string; hash: string };
  /** The newest review of the work as it is. */
  review?: { artifactId: string };
  summary?: string;
  pullRequest?: { number: number; url: string; title: string };
  diffStat?: string;
  costUsd: number;
  budgetUsd?: number;
  errors: RunError[];
  triggeredBy: string;
  createdAt: string;
  startedAt?: string;
  completedAt?: string;
  durationMs?: number;
}
