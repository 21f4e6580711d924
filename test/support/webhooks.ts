import { createHmac, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import express from 'express';
import { gitHubWebhooks } from '../../src/http/webhooks.ts';
import type { WebhookDependencies } from '../../src/http/webhooks.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { loopback } from './loopback.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export const SECRET = "It's a Secret to Everybody";

export interface Delivering {
  event?: string;
  payload?: unknown;
  /** Instead of the payload: the bytes as they are. */
  body?: string | Uint8Array;
  id?: string;
  secret?: string;
  /** Over those that GitHub sends; an empty one is left out. */
  headers?: Record<string, string>;
}

export interface WebhookServer extends AsyncDisposable {
  readonly url: string;
  readonly ledger: Ledger;
  deliver(delivery: Delivering): Promise<Response>;
}

export const signed = (body: string | Uint8Array, secret: string): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

/** The route on loopback, with a ledger of its own; GitHub's part is played by `deliver`. */
export async function webhookServer(options: Partial<WebhookDependencies> = {}): Promise<WebhookServer> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const ledger = stack.use(await openLedger({ path: join(path, 'ledger.db') }));
  const router = gitHubWebhooks({
    secrets: () => [SECRET],
    store: (delivery) => ledger.storeDelivery(delivery),
    onStored: () => {},
    onProblem: () => {},
    ...options,
  });
  const server = stack.use(await loopback(express().use(router)));
  const url = `${server.url}/webhooks/github`;
  const kept = stack.move();
  return { url, ledger, deliver: (delivery) => deliverTo(url, delivery), [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

export async function deliverTo(url: string, { event = 'issues', payload = {}, id = randomUUID(), secret = SECRET, ...rest }: Delivering) {
  const body = rest.body ?? JSON.stringify(payload);
  const headers = {
    'content-type': 'application/json',
    'x-github-event': event,
    'x-github-delivery': id,
    'x-hub-signature-256': signed(body, secret),
    ...rest.headers,
  };
  const sent = Object.entries(headers).filter(([, value]) => value !== '');
  return fetch(url, { method: 'POST', body: body as string, headers: Object.fromEntries(sent) });
}

/** All that waits to be processed, claimed. */
export const waiting = (ledger: Ledger) =>
  ledger.claimDeliveries({ now: new Date(Date.now() + 60_000).toISOString(), leaseMs: 1, limit: 1000 });
