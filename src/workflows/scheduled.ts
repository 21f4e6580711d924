import { proxyActivities } from '@temporalio/workflow';
import type { PollOutcome, ScheduledRun, Triggers } from '../contracts/triggers.ts';
import { pollProfile, scheduledProfile } from './profiles.ts';

const { pollIssues: poll } = proxyActivities<Pick<Triggers, 'pollIssues'>>(pollProfile);
const { startScheduled: start } = proxyActivities<Pick<Triggers, 'startScheduled'>>(scheduledProfile);

/** Looks for issues that ask for a run. */
export function pollIssues(): Promise<PollOutcome> {
  return poll({});
}

/** Begins a run that a schedule asks for; the run is a workflow of its own. */
export function startScheduled(input: ScheduledRun): Promise<{ workflowId: string; joined: boolean }> {
  return start(input);
}
