import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import express from 'express';
import { composeForges } from '../../src/compose-forges.ts';
import { intakeOf } from '../../src/compose-intake.ts';
import { openWebhooks } from '../../src/compose-triggers.ts';
import { loadConfig } from '../../src/config.ts';
import { takeOrder } from '../../src/intake/order.ts';
import { startRun } from '../../src/intake/start-run.ts';
import type { Started } from '../../src/intake/start-run.ts';
import { createRunFiles } from '../../src/run-files/run-files.ts';
import { startBelay } from './belay.ts';
import type { Belay } from './belay.ts';
import { gitHubServer } from './github.ts';
import type { GitHubServer } from './github.ts';
import { loopback } from './loopback.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { deliverTo, SECRET } from './webhooks.ts';
import type { Delivering } from './webhooks.ts';

export interface TriggeredBelay extends AsyncDisposable {
  readonly belay: Belay;
  readonly github: GitHubServer;
  deliver(delivery: Delivering): Promise<Response>;
  /** Resolves when what was delivered has been processed. */
  processed(): Promise<void>;
  /** Has the schedule of the poll act now. */
  poll(): Promise<void>;
  /** As `belay run` and the API do. */
  startByHand(issueKey: string): Promise<Started>;
}

/** An issue with the label is planned, and no more: a run takes a second. */
const FILES = { 'README.md': 'A shop.\n', '.belay.yml': 'labels: { belay: { pipeline: plan } }\n' };
const SCRIPT = { classify: [{ json: { class: 'bug', reason: 'It is wrong.' } }], plan: [{ say: '# Plan\n\nMend it.' }] };

/** A whole Belay beside a GitHub, with all ways that runs begin by themselves. */
export async function triggeredBelay(): Promise<TriggeredBelay> {
  await using stack = new AsyncDisposableStack();
  const github = stack.use(await gitHubServer({ files: FILES }));
  const { path } = stack.use(await temporaryDirectory());
  await writeFile(join(path, 'script.yml'), JSON.stringify(SCRIPT));
  const settings = {
    GITHUB_TOKEN: github.token,
    BELAY_GITHUB_API_URL: github.apiUrl,
    BELAY_GITHUB_GIT_URL: github.gitUrl,
    BELAY_GITHUB_CALLS_PER_MINUTE: '10000',
    BELAY_ENGINE: 'scripted',
    BELAY_SCRIPT: join(path, 'script.yml'),
    BELAY_REPOSITORIES: 'acme/shop',
    BELAY_POLL_SECONDS: '86400',
    GITHUB_WEBHOOK_SECRET: SECRET,
  };
  const belay = stack.use(await startBelay(settings));
  const { client, ledger, home } = belay;
  const config = loadConfig({ ...process.env, ...settings, BELAY_HOME: home });
  const parts = { config, ledger, files: createRunFiles({ home }), ...composeForges(config, {}) };
  const onProblem = (error: unknown): never => {
    throw error;
  };
  const webhooks = stack.use(openWebhooks({ ...parts, useClient: (work) => work(client, new AbortController().signal), onProblem }));
  const server = stack.use(await loopback(express().use(webhooks.router)));
  const kept = stack.move();
  return {
    belay,
    github,
    deliver: (delivery) => deliverTo(`${server.url}/webhooks/github`, delivery),
    processed: () => webhooks.idle(),
    poll: () => client.schedule.getHandle('belay-poll').trigger(ScheduleOverlapPolicy.ALLOW_ALL),
    async startByHand(issueKey) {
      const target = { kind: 'issue', repository: github.repository, key: issueKey } as const;
      const request = { target, workingDirectory: home, fresh: false, triggeredBy: 'ada', requested: {} };
      return startRun({ client, ...parts }, await takeOrder(intakeOf(parts), request));
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
