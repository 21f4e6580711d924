/** Names and limits that more than one process relies on. No imports here: workflows bundle this file. */

export const PHASES = ['classify', 'plan', 'implement', 'test', 'review', 'document', 'publish'] as const;
export type PhaseName = (typeof PHASES)[number];

export const PIPELINES = [
  'plan',
  'build',
  'test',
  'review',
  'document',
  'ship',
  'planBuild',
  'planBuildTest',
  'planBuildTestReview',
  'sdlc',
] as const;
export type PipelineName = (typeof PIPELINES)[number];

/** Prompt templates in `commands/`. */
export const COMMANDS = [
  'classify',
  'plan',
  'implement',
  'test-results',
  'resolve-failed-test',
  'review',
  'resolve-review-issue',
  'resolve-conflict',
  'document',
  'commit-message',
  'pull-request',
] as const;
export type CommandName = (typeof COMMANDS)[number];

export const ENGINES = ['claude', 'scripted'] as const;
export type EngineName = (typeof ENGINES)[number];

/** What a run works in: a worktree of the mirror, or a folder with a git directory of its own. */
export const WORKSPACE_KINDS = ['worktree', 'clone'] as const;
export type WorkspaceKind = (typeof WORKSPACE_KINDS)[number];

/** Who is first when workspaces are short: 1 before 5. Temporal's own scale. */
export const PRIORITIES = [1, 2, 3, 4, 5] as const;
export type Priority = (typeof PRIORITIES)[number];
export const USUAL_PRIORITY: Priority = 3;

/** Where a run's checkpoints are kept: also at the repository's remote, for other hosts, or on their host only. */
export const CHECKPOINT_PLACES = ['remote', 'local'] as const;
export type CheckpointPlace = (typeof CHECKPOINT_PLACES)[number];

export const RUN_STATUSES = ['pending', 'running', 'waiting', 'parked', 'completed', 'failed', 'cancelled', 'timed_out'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Runs with one of these never change again. */
export const CLOSED_STATUSES: readonly RunStatus[] = ['completed', 'failed', 'cancelled', 'timed_out'];

export type PhaseStatus = 'pending' | 'running' | 'retrying' | 'completed' | 'failed' | 'skipped' | 'cancelled';
export type Outcome = 'pull_request' | 'no_changes' | 'phase_done';
export type WaitingFor = 'approval' | 'usage_limit' | 'rate_limit' | 'breaker' | 'workspace';

/** Task queues. Work queues of hosts carry the boot id, so that a successor never picks up its predecessor's calls. */
export const ORCHESTRATOR_QUEUE = 'belay';
export const LEASE_QUEUE = 'belay-leases';
export const hostLeaseQueue = (hostId: string): string => `belay-leases-${hostId}`;
export const hostWorkQueue = (hostId: string, boot: string): string => `belay-host-${hostId}-${boot}`;

/** What a person may be asked to approve: the plan before it is carried out, the finished work before it is published. */
export const APPROVALS = ['plan', 'publish'] as const;
export type ApprovalName = (typeof APPROVALS)[number];

/** Workflows beside the pipelines: what schedules start. */
export const POLL_WORKFLOW = 'pollIssues';
export const SCHEDULED_WORKFLOW = 'startScheduled';

/** What another program can be told of a run. Those that need a person are told unless somebody chose otherwise. */
export const NOTICES = ['run.started', 'run.waiting', 'run.parked', 'run.delayed', 'run.resumed', 'run.completed'] as const;
export type NoticeName = (typeof NOTICES)[number];

/** Keyword search attributes that Belay registers and sets. */
export const SEARCH_ATTRIBUTES = ['BelayRunId', 'BelayRepository', 'BelayIssue', 'BelayStatus', 'BelayPhase', 'BelayEngine'] as const;

/** Wire names of the messages a run understands. */
export const CANCEL_SIGNAL = 'cancelRun';
export const RETRY_SIGNAL = 'retryRun';
export const MESSAGE_SIGNAL = 'sendMessage';
export const APPROVE_UPDATE = 'approve';
export const REJECT_UPDATE = 'reject';
export const ROLLBACK_UPDATE = 'rollback';
export const STATUS_QUERY = 'status';
/** From a host to a run: a workspace is ready. */
export const GRANT_SIGNAL = 'leaseGranted';

/** How often an agent's turn is tried: it costs money, and each attempt but the last resumes the one before. */
export const AGENT_ATTEMPTS = 3;

/** The longest message to a run, in characters: it stands in Temporal's history and in a prompt. */
export const MAX_MESSAGE = 4000;

/** The longest text that may travel through Temporal's history; longer texts are artifacts. */
export const MAX_TAIL_BYTES = 4096;

const MINUTE_MS = 60_000;

/** How a run waits for limits that end by themselves, unless its input says otherwise; in milliseconds. Beyond the longest limits (a week) a time is a mistake. */
export const WAITS = {
  keepWorkspaceMs: MINUTE_MS,
  shortestMs: 5000,
  unknownMs: 30 * MINUTE_MS,
  longestMs: 8 * 24 * 60 * MINUTE_MS,
  tellMs: 3 * MINUTE_MS,
};
