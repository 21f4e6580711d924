import type { Router } from 'express';
import type { Config } from './config.ts';
import type { Forges } from './forges/forges.ts';
import type { GitHubClient } from './github/client.ts';
import { newestRequest } from './github/issue-events.ts';
import { createMayWrite } from './github/permission.ts';
import { gitHubWebhooks } from './http/webhooks.ts';
import { intakeOf } from './compose-intake.ts';
import { readIntakePause } from './intake/pause.ts';
import type { GitHubIntake } from './intake/place.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { RunFiles } from './run-files/run-files.ts';
import { readSecret } from './secret-place.ts';
import type { Trackers } from './trackers/trackers.ts';
import { createAnswer } from './triggers/answers.ts';
import { createCommentOrders } from './triggers/comment-orders.ts';
import { processDeliveries } from './triggers/deliveries.ts';
import { createGate } from './triggers/gate.ts';
import { handleDelivery } from './triggers/handle-delivery.ts';
import type { TriggerDependencies } from './triggers/handle-delivery.ts';
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

export interface Webhooks extends AsyncDisposable {
  /** To be mounted before anything reads bodies. */
  router: Router;
}

/** Takes GitHub's deliveries, and processes them until it is disposed. */
export function openWebhooks(parts: TriggerParts): Webhooks {
  const { config, ledger, onProblem } = parts;
  const deps = composeTriggers(parts);
  const deliveries = processDeliveries({
    ledger,
    handle: (delivery) => handleDelivery(deps, delivery),
    isPaused: async () => (await readIntakePause(ledger)) !== undefined,
    onProblem,
  });
  const router = gitHubWebhooks({
    secrets: () => Promise.all(config.triggers.secrets.map(readSecret)),
    store: (delivery) => ledger.storeDelivery(delivery),
    onStored: () => deliveries.wake(),
    onProblem,
  });
  return { router, [Symbol.asyncDispose]: () => deliveries[Symbol.asyncDispose]() };
}
