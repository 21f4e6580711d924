import type { ApprovalName, CheckpointPlace, EngineName, PhaseName, WorkspaceKind } from './constants.ts';
import type { ErrorCode } from './error-catalogue.ts';
import type { Evidence } from './evidence.ts';
import type { RunLimits } from './run-input.ts';
import type { RunView } from './run-view.ts';
import type { Changes } from './versions.ts';

/** The result of a phase or step, kept by its occurrence, so that a pipeline's body can be run again without repeating it. */
export interface Kept {
  value: unknown;
  /** The checkpoint after it. */
  checkpoint?: string;
  /** The checkpoint before it. */
  before?: string;
}

/** What a phase may have found out, and a run goes back to with a version. What others see of it (a branch, a pull request) is not undone. */
export interface VersionFacts {
  checkpoint: string;
  baseSha: string;
  issueClass: string;
  plan: { artifactId: string; hash: string };
  review: { artifactId: string };
  evidence: Evidence;
  merged: { from: string; work: string };
  /** Known, and not gone back to: what people have committed on the branch is kept. */
  branchHead: string;
}

export const VERSION_CAUSES = ['continued', 'completed', 'parked', 'retried', 'rolled_back', 'ended'] as const;

/** How a run stood, as what has changed since the version before. */
export interface RunVersion {
  /** From 1, without gaps. */
  version: number;
  at: string;
  /** Why there is one: a phase was completed, the run parked, a person went on with it. */
  what: (typeof VERSION_CAUSES)[number];
  phase?: PhaseName;
  /** The version that was gone back to. */
  to?: number;
  /** Who asked for it. */
  by?: string;
  /** Why it parked. */
  code?: ErrorCode;
  /** Of whole phases. */
  results?: Changes<Record<string, Kept>>;
  facts?: Changes<VersionFacts>;
}

/** What a run remembers. Plain JSON: it travels into the next Temporal execution. */
export interface RunState {
  schema: 1;
  view: RunView;
  /** By occurrence (`test`, `review/2/test/1/run-tests`), in the order they happened. */
  results: Record<string, Kept>;
  /** How it stood after each phase and each order; the ledger has them too. */
  versions?: RunVersion[];
  /** The commit that holds all work so far. */
  checkpoint?: string;
  /** The commit that its work began from. */
  start?: string;
  /** The newest check that the work may be published by. */
  evidence?: Evidence;
  /** The issue, as it was when the run began. */
  issueArtifact?: string;
  /** Of the issue's title and text, as the run knows them. */
  issueDigest?: string;
  settings?: RunSettings;
  /** What people said that no agent has been told yet. */
  messages?: string[];
  /** How often the plan was sent back. */
  rejections?: number;
  /** The run's branch on the remote, as it is known to be. */
  published?: { branch: string; headSha: string };
  /** The newest head of that branch with commits of people, which the work must not undo. */
  branchHead?: string;
  /** The base moved and was taken in: the base that the run began with, and the work before. */
  merged?: { from: string; work: string };
  /** A draft of the pull request was opened before the work was finished. */
  drafted?: true;
  epoch: number;
  /** Its checkpoints go to the remote, where they are removed when the run ends well. */
  handover?: true;
  /** The host that had the last lease: it has the files and the sessions. */
  host?: string;
  nextStep: number;
  /** Working time of earlier executions, in milliseconds. */
  workedMs: number;
}

/** Which agent works. */
export interface AgentChoice {
  engine?: EngineName;
  model?: string;
}

/** Labels that an issue has while its run stands so. */
export interface IssueLabels {
  running?: string;
  parked?: string;
  completed?: string;
}

/** What the repository says about itself on its base branch. */
export interface RunSettings {
  /** Shell commands that check the repository; empty when none was found. */
  checks: { command: string; runner: string }[];
  /** Why these, in words. */
  checksReason: string;
  limits: Partial<RunLimits> & { budgetUsd?: number };
  phasesOff: PhaseName[];
  phasesOn: PhaseName[];
  engine?: EngineName;
  model?: string;
  /** Over the installation's. */
  failover?: EngineName[];
  /** Engine and model of single phases; they win over those above. */
  byPhase: Partial<Record<PhaseName, AgentChoice>>;
  /** What tests that already fail on the base mean. `known`: only new failures block. `strict`: every failure does. */
  baseline: 'known' | 'strict';
  /** What becomes of finished work whose reviewer crashed twice. */
  onReviewCrash: 'draft' | 'park';
  /** A file of the base branch that says what reviews look for. */
  reviewCriteria?: string;
  /** What waits for a person's word. */
  approve?: ApprovalName[];
  /** What is done when the base has moved since the run began. */
  updateBase: 'rebase' | 'merge' | 'off';
  pullRequest: { draft: 'never' | 'while_unfinished' | 'always'; reviewers: string[]; labels: string[]; onCancel?: 'leave' | 'close' };
  /** None unless said. */
  issueLabels?: IssueLabels;
  /** A worktree unless said. */
  workspace?: WorkspaceKind;
  /** Unless said, the installation's choice. */
  checkpoints?: CheckpointPlace;
  /** The folder in which setup, tests and agents work, relative to the repository's root. */
  workingDirectory?: string;
  /** Patterns of paths that no run may change. */
  protectedPaths: string[];
  /** Patterns of paths in which what looks like a secret may be committed. */
  secretsAllowed?: string[];
}
