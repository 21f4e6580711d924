import { LRUCache } from 'lru-cache';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import { issueWorkflowId } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { PollOutcome } from '../contracts/triggers.ts';
import type { LabelledIssue } from '../github/labelled-issues.ts';
import type { Handled } from './deliveries.ts';
import type { TriggerDependencies } from './handle-delivery.ts';
import { startOnce } from './start-of-issue.ts';

export interface PollDependencies extends TriggerDependencies {
  /** Those that are named; of an owner's all, only webhooks tell. */
  repositories: readonly RepositoryRef[];
  labelledIssues: (repository: RepositoryRef) => Promise<LabelledIssue[]>;
  isPaused: () => Promise<boolean>;
  onProblem: (error: unknown, message: string) => void;
}

const MAX_KNOWN = 20_000;

/** Looks for issues with the label that nothing has started a run of. What is as it was when this process looked last costs no question. */
export function createPoll(deps: PollDependencies): () => Promise<PollOutcome> {
  const known = new LRUCache<string, string>({ max: MAX_KNOWN });
  return async () => {
    const outcome: PollOutcome = { looked: 0, started: 0, failed: 0 };
    if (await deps.isPaused()) return outcome;
    for (const repository of deps.repositories) {
      const issues = await deps.labelledIssues(repository).catch((error: unknown) => {
        outcome.failed++;
        deps.onProblem(error, 'The issues of a repository could not be looked at');
        return [];
      });
      for (const issue of issues) await lookAt(deps, { repository, issue, known, outcome });
    }
    return outcome;
  };
}

interface Look {
  repository: RepositoryRef;
  issue: LabelledIssue;
  known: LRUCache<string, string>;
  outcome: PollOutcome;
}

async function lookAt(deps: PollDependencies, { repository, issue, known, outcome }: Look): Promise<void> {
  const id = issueWorkflowId(repository, issue.key);
  if (known.get(id) === issue.updatedAt) return;
  const [run] = await deps.ledger.issueRuns({ workflowId: id });
  if (run && !CLOSED_STATUSES.includes(run.status)) return;
  outcome.looked++;
  try {
    const handled = await startFor(deps, repository, issue);
    if (handled.outcome === 'started') outcome.started++;
    known.set(id, issue.updatedAt);
  } catch (error) {
    outcome.failed++;
    // What a person has to mend is looked at again when the issue has changed; what passes, the next time.
    if (error instanceof BelayError && (error.class === 'human' || error.class === 'fatal')) known.set(id, issue.updatedAt);
    deps.onProblem(error, `No run could be started for ${id}`);
  }
}

async function startFor(deps: PollDependencies, repository: RepositoryRef, issue: LabelledIssue): Promise<Handled> {
  const asked = await deps.newestRequest({ repository, issueKey: issue.key });
  if (!asked) return { outcome: 'ignored', detail: 'the label has been taken away' };
  const actor = asked.actor ?? (asked.event === 'opened' ? issue.author : undefined);
  if (!actor) return { outcome: 'refused', detail: 'GitHub does not know any more who set the label' };
  // It is named in the list, and so may be a fork.
  const why = await deps.gate({ repository, isFork: false, actor });
  if (why !== undefined) return { outcome: 'refused', detail: why };
  return startOnce(deps, { repository, issueKey: issue.key, triggeredBy: actor.login, source: 'poll' }, asked);
}
