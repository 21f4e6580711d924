import type { Evidence } from './evidence.ts';
import type { IssueRef, RepositoryRef } from './repository.ts';
import type { RunSettings } from './run-state.ts';
import type { RunError } from './run-view.ts';
import type { StepRef } from './work.ts';

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
  /** What the ledger was told last. */
  viewVersion?: number;
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
  /** The branch's pull request, where the run knows of one: its reviewers and labels are people's by now. */
  pullRequest?: number;
  reviewers: string[];
  labels: string[];
}

export interface OpenPullRequestOutcome {
  number: number;
  url: string;
  title: string;
}

export interface UpdateDraftInput {
  repository: RepositoryRef;
  runId: string;
  branch: string;
  viewVersion?: number;
  trouble?: RunError;
  /** Nobody goes on with it, and the repository wants it closed then. */
  close?: boolean;
}
