import type { ApprovalName, CheckpointPlace, EngineName, PhaseName, PipelineName, Priority, WorkspaceKind } from './constants.ts';
import type { Evidence } from './evidence.ts';
import type { TrackerName } from './repository.ts';
import type { RepositoryRef } from './repository.ts';
import type { AgentChoice, Kept, RunState } from './run-state.ts';

/** How a run waits for limits that end by themselves. Durations in milliseconds. */
export interface WaitLimits {
  /** A shorter wait keeps its workspace. */
  keepWorkspaceMs: number;
  /** The shortest, doubled each time the same step has to wait again. */
  shortestMs: number;
  /** When nobody says how long; a minute at most for what is counted by the minute. */
  unknownMs: number;
  /** What takes longer, alone or with the waits of this step before, is left to a person. */
  longestMs: number;
  /** From here on the issue is told. */
  tellMs: number;
}

/** How far a run may go on its own. Durations in milliseconds. */
export interface RunLimits {
  testAttempts: number;
  reviewAttempts: number;
  agentIdleMs: number;
  agentTotalMs: number;
  testTimeoutMs: number;
  /** Working time of the whole run; waits do not count. */
  workingMs: number;
  /** Until people are asked again for an approval, and until the run parks without it. */
  approvalReminderMs?: number;
  approvalExpiryMs?: number;
  waits?: WaitLimits;
  /** How often what failed is tried again by itself (3), the first pause before that (1 s), and the longest (60 s). */
  retries?: number;
  retryBaseMs?: number;
  retryCapMs?: number;
  /** How long the run stays parked before it is closed (14 days). */
  parkedMs?: number;
  /** A host that is not heard of for so long has lost its runs. 30 s unless said. */
  heartbeatMs?: number;
}

/** What an earlier run of the same issue left: the start of this one. */
export interface EarlierWork {
  runId: string;
  baseSha: string;
  branch?: string;
  /** The commit to go on from. */
  commit?: string;
  issueClass?: string;
  plan?: { artifactId: string; hash: string };
  review?: { artifactId: string };
  /** Phases that are not repeated, for a run that goes on where a closed one ended. */
  done?: { name: PhaseName; summary: string; kept?: Kept }[];
  /** The check that the work stands on. */
  evidence?: Evidence;
  /** As in the run's state. */
  merged?: { from: string; work: string };
  /** The pull request is open: its branch is continued. */
  pullRequest?: { number: number; url: string; title: string };
  /** It is a draft, which may become ready although nothing new is pushed. */
  draft?: true;
  /** What that branch holds, which may be less than `commit`: the parent of what is published next. */
  branchHead?: string;
  /** All that the branch holds is Belay's own, and the work takes its place: it went back to before that. */
  over?: true;
}

/** What the labels of an issue choose for its run. */
export interface LabelledChoices extends AgentChoice {
  budgetUsd?: number;
  priority?: Priority;
  phasesOff?: PhaseName[];
  phasesOn?: PhaseName[];
}

/** Everything a pipeline is started with. Resolved at intake; holds no secret. */
export interface RunInput {
  id: string;
  pipeline: PipelineName;
  repository: RepositoryRef;
  /** A branch of the repository; without it, the commit in `baseSha`. */
  base?: string;
  /** The commit the run starts from. */
  baseSha?: string;
  issue?: { tracker: TrackerName; key: string; title: string; url: string };
  /** A plain request without an issue. */
  request?: string;
  issueClass?: string;
  /** The installation's; the repository's settings override them, what was asked for with the run overrides both. */
  engine: EngineName;
  model?: string;
  /** Engines that go on where the chosen one cannot, in this order. */
  failover?: EngineName[];
  budgetUsd?: number;
  requested?: {
    engine?: EngineName;
    model?: string;
    budgetUsd?: number;
    workspace?: WorkspaceKind;
    approve?: ApprovalName[];
    priority?: Priority;
  };
  /** What the issue's labels choose, by the repository's settings; over those, under what was asked for. */
  labelled?: LabelledChoices;
  /** The scripted engine's file. */
  script?: string;
  plan?: { artifactId: string; hash: string };
  limits: RunLimits;
  phasesOff: PhaseName[];
  /** Unset: the repository's settings say, else its forge. */
  checkpoints?: CheckpointPlace;
  continues?: EarlierWork;
  triggeredBy: string;
  /** Runs with the same key take turns with those of other keys for workspaces: repository and person, at most 64 bytes. */
  fairnessKey?: string;
  createdAt: string;
  /** Set when the run goes on in a new Temporal execution. */
  state?: RunState;
}
