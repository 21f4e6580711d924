import type { EngineName, PipelineName } from './constants.ts';

/** What a look at the repositories came to. */
export interface PollOutcome {
  /** Issues with the label that were not known to be served. */
  looked: number;
  started: number;
  failed: number;
}

/** A run that a schedule asks for, in the words of `belay run`. */
export interface ScheduledRun {
  /** Of the schedule. */
  name: string;
  /** An issue, or the request itself. */
  target: string;
  repository?: string;
  pipeline?: PipelineName;
  engine?: EngineName;
  model?: string;
  budgetUsd?: number;
  /** Who made the schedule. */
  by: string;
}

/** What schedules have done, as activities of the orchestrator's queue. */
export interface Triggers {
  /** Starts runs of issues with the label that nothing else has started. */
  pollIssues(input: object): Promise<PollOutcome>;
  /** Starts the run, or joins the one of the same issue that is open. */
  startScheduled(input: ScheduledRun): Promise<{ workflowId: string; joined: boolean }>;
}
