import type { CheckpointPlace, EngineName, PhaseName, PipelineName, WorkspaceKind } from './constants.ts';
import type { TrackerName } from './repository.ts';
import type { RepositoryRef } from './repository.ts';
import type { AgentChoice, RunState } from './run-state.ts';

/** How far a run may go on its own. Durations in milliseconds. */
export interface RunLimits {
  testAttempts: number;
  reviewAttempts: number;
  agentIdleMs: number;
  agentTotalMs: number;
  testTimeoutMs: number;
  /** Working time of the whole run; waits do not count. */
  workingMs: number;
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
  done?: { name: PhaseName; summary: string }[];
  /** The pull request is open: its branch is continued. */
  pullRequest?: { number: number; url: string; title: string };
  /** It is a draft, which may become ready although nothing new is pushed. */
  draft?: true;
  /** What that branch holds, which may be less than `commit`: the parent of what is published next. */
  branchHead?: string;
}

/** What the labels of an issue choose for its run. */
export interface LabelledChoices extends AgentChoice {
  budgetUsd?: number;
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
  budgetUsd?: number;
  requested?: { engine?: EngineName; model?: string; budgetUsd?: number; workspace?: WorkspaceKind };
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
  createdAt: string;
  /** Set when the run goes on in a new Temporal execution. */
  state?: RunState;
}
