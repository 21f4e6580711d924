import type { Router } from 'express';
import type { Config } from './config.ts';
import type { Forges } from './forges/forges.ts';
import type { GitHubClient } from './github/client.ts';
import { localRepository } from './contracts/repository.ts';
import type { Triggers } from './contracts/triggers.ts';
import { newestRequest } from './github/issue-events.ts';
import { labelledIssues } from './github/labelled-issues.ts';
import { createMayWrite } from './github/permission.ts';
import { gitHubWebhooks } from './http/webhooks.ts';
import { intakeOf } from './compose-intake.ts';
import { readIntakePause } from './intake/pause.ts';
import type { GitHubIntake } from './intake/place.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { RunFiles } from './run-files/run-files.ts';
import type { Trackers } from './trackers/trackers.ts';
import { createAnswer } from './triggers/answers.ts';
import { createCommentOrders } from './triggers/comment-orders.ts';
import { processDeliveries } from './triggers/deliveries.ts';
import { createGate } from './triggers/gate.ts';
import { handleDelivery } from './triggers/handle-delivery.ts';
import type { TriggerDependencies } from './triggers/handle-delivery.ts';
import { createPoll } from './triggers/poll.ts';
import { startScheduled } from './triggers/scheduled-start.ts';
import { createStartRun } from './triggers/start-run.ts';
import type { UseClient } from './triggers/use-client.ts';

export interface TriggerParts {
  config: Config;
  ledger: Ledger;
  files: RunFiles;
  forges: Forges;
  trackers: Trackers;
  gitHub: GitHubIntake;
  gitHubClient: GitHubClient;
  useClient: UseClient;
  onProblem: (error: unknown, message: string) => void;
}

/** What turns deliveries and polls into runs and orders, as this installation has it set up. */
export function composeTriggers({ gitHubClient: client, useClient, ...parts }: TriggerParts): TriggerDependencies {
  const { config, ledger } = parts;
  const { repositories, label, bots } = config.triggers;
  const intake = intakeOf(parts);
  return {
    ledger,
    label,
    gate: createGate({ repositories, bots, mayWrite: createMayWrite({ client }) }),
    viewer: () => client.viewer(),
    newestRequest: async (query) => newestRequest(client, { ...query, label, assigneeId: await client.viewer() }),
    start: createStartRun({ ...intake, home: config.home, useClient }),
    orders: createCommentOrders({ ledger, intake, useClient }),
    answer: createAnswer({ client, ledger }),
  };
}

/** What schedules have done, by the worker. */
export function composeScheduled(parts: TriggerParts): Triggers {
  const { config, ledger, gitHubClient: client, useClient, onProblem } = parts;
  const { repositories, label } = config.triggers;
  const named = repositories.filter((slug) => !slug.endsWith('/*')).map((slug) => ({ ...localRepository(slug), forge: 'github' as const }));
  const poll = createPoll({
    ...composeTriggers(parts),
    repositories: named,
    labelledIssues: (repository) => labelledIssues(client, { repository, label }),
    isPaused: isPaused(ledger),
    onProblem,
  });
  const starting = { ...intakeOf(parts), home: config.home, useClient };
  return { pollIssues: poll, startScheduled: (run) => startScheduled(starting, run) };
}

const isPaused = (ledger: Ledger) => async (): Promise<boolean> => (await readIntakePause(ledger)) !== undefined;

export interface Webhooks extends AsyncDisposable {
  /** To be mounted before anything reads bodies. */
  router: Router;
  /** Resolves when what is there has been processed. */
  idle(): Promise<void>;
}

/** Takes GitHub's deliveries, and processes them until it is disposed. */
export function openWebhooks(parts: TriggerParts): Webhooks {
  const { config, ledger, onProblem } = parts;
  const deps = composeTriggers(parts);
  const deliveries = processDeliveries({
    ledger,
    handle: (delivery) => handleDelivery(deps, delivery),
    isPaused: isPaused(ledger),
    onProblem,
  });
  const router = gitHubWebhooks({
    secrets: () => config.triggers.secrets.map((secret) => secret.current()).filter((value) => value !== undefined),
    store: (delivery) => ledger.storeDelivery(delivery),
    onStored: () => deliveries.wake(),
    onProblem,
  });
  return { router, idle: () => deliveries.idle(), [Symbol.asyncDispose]: () => deliveries[Symbol.asyncDispose]() };
}
