import { join } from 'node:path';
import { Client } from '@temporalio/client';
import express from 'express';
import { composeForges } from '../../src/compose-forges.ts';
import { openWebhooks } from '../../src/compose-triggers.ts';
import { loadConfig } from '../../src/config.ts';
import { ORCHESTRATOR_QUEUE } from '../../src/contracts/constants.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { createRunFiles } from '../../src/run-files/run-files.ts';
import { loopback } from '../../test/support/loopback.ts';
import { issueEvent } from '../../test/support/webhook-payloads.ts';
import { deliverTo } from '../../test/support/webhooks.ts';
import { interleaved, ratioRow } from '../measure.ts';
import type { Bench, Row } from '../measure.ts';
import { NO_LIMITS, surroundings } from '../service.ts';

const AT_MOST = 1.3;
/** Of each side in a pair: one start is a few milliseconds. */
const STARTS = 20;

/** From the sending of a webhook until Temporal has the run, with a GitHub that answers at once. */
export const webhook: Bench = async ({ folder, pairs }) => {
  await using stack = new AsyncDisposableStack();
  const { home, gitHubUrl, temporal, namespace, env } = await surroundings({ folder }, stack);
  const started = watchStarts();
  const client = new Client({ connection: temporal.connection, namespace, interceptors: { workflow: [started.interceptor] } });
  const url = stack.use(await webhooksOf({ home, env, client })).url;
  let number = 0;
  const deliver = async (): Promise<number> => {
    const issue = ++number;
    const begun = performance.now();
    const [over] = await Promise.all([
      started.next(),
      deliverTo(url, { payload: issueEvent({ label: 'belay', number: issue, labels: ['belay'] }) }).then((answer) => answer.text()),
    ]);
    return over - begun;
  };
  const args = [{ pipeline: 'sdlc', text: 'x'.repeat(1500) }];
  const raw = async (): Promise<number> => {
    const begun = performance.now();
    await client.workflow.start('bare', { taskQueue: `${ORCHESTRATOR_QUEUE}-bare`, workflowId: `bare-${++number}`, args });
    return performance.now() - begun;
  };
  const asked = async (): Promise<number> => {
    const begun = performance.now();
    for (const path of questionsOf(number)) await fetch(`${gitHubUrl}${path}`).then((answer) => answer.json());
    return performance.now() - begun + (await raw());
  };
  const many = async (one: () => Promise<number>): Promise<number> => {
    const all: number[] = [];
    for (let count = 0; count < STARTS; count++) all.push(await one());
    return all.toSorted((a, b) => a - b)[STARTS / 2] ?? Number.NaN;
  };
  const rows: Row[] = [];
  for (const [against, baseline, atMost] of [
    ['a raw `workflow.start`', raw, AT_MOST],
    ['that, and before it what GitHub is asked, one after the other', asked, Number.POSITIVE_INFINITY],
  ] as const) {
    const measure = `webhook → started, median of ${STARTS}`;
    const measured = await interleaved({ name: measure, count: pairs, baseline: () => many(baseline), subject: () => many(deliver) });
    rows.push(ratioRow({ measure, against, atMost, ...measured }));
  }
  return rows;
};

/** What is asked of an issue before a run of it begins, when it is known that its sender may write. */
const questionsOf = (issue: number): string[] => [
  `/repos/acme/shop/issues/${issue}/events?per_page=100`,
  '/repos/acme/shop',
  '/repos/acme/shop/branches/main',
  `/repos/acme/shop/issues/${issue}`,
  '/repos/acme/shop/contents/.belay.yml?ref=main',
];

/** When Temporal has said that a workflow has begun. */
function watchStarts() {
  let told = (_at: number): void => {};
  return {
    next: () => new Promise<number>((resolve) => (told = resolve)),
    interceptor: {
      async startWithDetails<Input, Output>(input: Input, next: (input: Input) => Promise<Output>): Promise<Output> {
        const output = await next(input);
        told(performance.now());
        return output;
      },
    },
  };
}

interface Place {
  home: string;
  env: Record<string, string>;
  client: Client;
}

/** The route with all that processes what it takes, in this process, so that the moment of the start is known. */
async function webhooksOf({ home, client, ...told }: Place) {
  await using stack = new AsyncDisposableStack();
  const env = { ...process.env, ...NO_LIMITS, ...told.env, BELAY_HOME: home, BELAY_ENGINE: 'scripted' };
  const config = loadConfig(env);
  const ledger = stack.use(await openLedger({ path: join(home, 'ledger.db') }));
  const parts = { config, ledger, files: createRunFiles({ home }), ...composeForges(config, env) };
  const onProblem = (error: unknown): never => {
    throw error;
  };
  const webhooks = stack.use(openWebhooks({ ...parts, useClient: (work) => work(client, new AbortController().signal), onProblem }));
  const server = stack.use(await loopback(express().use(webhooks.router)));
  const kept = stack.move();
  return { url: `${server.url}/webhooks/github`, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
