import type { HostActivities, LeaseActivities, OrchestratorActivities, RecordActivities } from '../contracts/work.ts';
import { agentActivities } from './agent.ts';
import { createHostActivity } from './attempts.ts';
import { baselineActivities } from './baseline.ts';
import { checkActivities } from './checks.ts';
import type { Dependencies } from './dependencies.ts';
import { handoverActivities } from './drop-handover.ts';
import { failureOf } from './failures.ts';
import { issueActivities, issueDigestActivities } from './issue.ts';
import { leaseActivities } from './lease.ts';
import { notifyActivities } from './notify.ts';
import { progressActivities } from './progress.ts';
import { publishActivities } from './publish.ts';
import { recordActivities } from './record.ts';
import { takeInActivities } from './take-in.ts';
import type { Triggers } from '../contracts/triggers.ts';

/** So long a comment waits for a limit to end; then the next one brings the issue up to date. */
const COMMENT_WAIT_MS = 60_000;

/** What the queue of this host's boot serves. */
export function hostActivities(deps: Dependencies): HostActivities {
  const hosted = createHostActivity(deps);
  const checks = checkActivities(deps);
  const publish = publishActivities(deps);
  const others = takeInActivities(deps);
  return {
    readIssue: hosted(issueActivities(deps).readIssue),
    runAgent: hosted(agentActivities(deps).runAgent),
    runChecks: hosted(checks.runChecks),
    runAffected: hosted(checks.runAffected),
    compareWithBase: hosted(baselineActivities(deps).compareWithBase),
    publishBranch: hosted(publish.publishBranch),
    takeIn: hosted(others.takeIn),
    findConflicts: hosted(others.findConflicts),
    openPullRequest: hosted(publish.openPullRequest),
  };
}

/** What the lease queues serve. */
export function leaseQueueActivities(deps: Dependencies): LeaseActivities {
  return { holdWorkspace: createHostActivity(deps)(leaseActivities(deps).holdWorkspace) };
}

/** What the orchestrator's queue serves, and what its worker does by itself. */
export function orchestratorActivities(deps: Dependencies): OrchestratorActivities & RecordActivities & Triggers {
  const { commentProgress, updateDraft, requestCancel } = progressActivities(deps);
  const { recordRun } = recordActivities(deps);
  // Noted too: a run that ends would otherwise wait a minute for the comment that a killed worker was writing.
  const noted = createHostActivity({ home: deps.home, maxWaitMs: COMMENT_WAIT_MS });
  return {
    commentProgress: noted(commentProgress),
    updateDraft: noted(updateDraft),
    requestCancel: noted(requestCancel),
    readIssueDigest: noted(issueDigestActivities(deps).readIssueDigest),
    notifyPeople: noted(notifyActivities(deps).notifyPeople),
    dropHandover: noted(handoverActivities(deps).dropHandover),
    recordRun: typed(recordRun),
    pollIssues: typed(deps.triggers.pollIssues),
    startScheduled: typed(deps.triggers.startScheduled),
  };
}

/** A short activity with its errors in the catalogue's words. */
function typed<I, O>(body: (input: I) => Promise<O>): (input: I) => Promise<O> {
  return async (input) => {
    try {
      return await body(input);
    } catch (error) {
      throw failureOf(error, { maxWaitMs: COMMENT_WAIT_MS });
    }
  };
}
