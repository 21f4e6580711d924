import { EnvHttpProxyAgent, fetch } from 'undici';
import type { NoticeName, Outcome, RunStatus, WaitingFor } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import { proxies } from '../process/proxies.ts';
import { signatureOf } from './signature.ts';

/** What is told, and to whom it matters. */
export interface Notification {
  /** Of this delivery: the same however often it is tried. */
  id: string;
  event: NoticeName;
  /** ISO-8601 UTC: when it happened. */
  at: string;
  /** All of it in words: what chat services show of a message. */
  text: string;
  run: {
    id: string;
    workflowId: string;
    pipeline: string;
    repository: string;
    title: string;
    status: RunStatus;
    waitingFor?: WaitingFor;
    outcome?: Outcome;
    /** Of the issue. */
    url?: string;
    pullRequest?: { number: number; url: string };
    triggeredBy: string;
    costUsd: number;
  };
  cause?: { code: string; message: string; hint?: string };
}

/** Tells a program outside of Belay what becomes of runs. */
export interface Notifier {
  /** What it wants to be told. */
  readonly events: readonly NoticeName[];
  send(notification: Notification): Promise<void>;
}

export interface WebhookOptions {
  /** As it is now. */
  url: () => string;
  env: NodeJS.ProcessEnv;
  events: readonly NoticeName[];
  /** As it is now. Unset: deliveries are not signed. */
  secret?: (() => string | undefined) | undefined;
}

const TIMEOUT_MS = 15_000;

/** A POST of JSON to this address, through the company's proxy. What is not accepted is a `BelayError` notification_failed. */
export function createWebhook({ url: urlNow, env, events, secret }: WebhookOptions): Notifier {
  const dispatcher = new EnvHttpProxyAgent(proxies(env));
  return {
    events,
    async send(notification) {
      const [url, body] = [urlNow(), JSON.stringify(notification)];
      const answer = await fetch(url, {
        method: 'POST',
        headers: { ...headersOf(notification), ...signed(body, secret?.()) },
        body,
        // Who may read a delivery is who was named, not whom they name.
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        dispatcher,
      }).catch((cause: unknown) => {
        throw undelivered(url, 'it cannot be reached', cause);
      });
      await answer.body?.cancel();
      if (!answer.ok) throw undelivered(url, `it answers ${answer.status}`);
    },
  };
}

const headersOf = ({ id, event }: Notification): Record<string, string> => ({
  'content-type': 'application/json',
  'user-agent': 'belay',
  'x-belay-delivery': id,
  'x-belay-event': event,
});

/** By the time of this try, so that a late one is not taken for one that somebody has kept and plays again. */
function signed(body: string, secret: string | undefined): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  return { 'x-belay-timestamp': timestamp, ...(secret ? { 'x-belay-signature': signatureOf({ secret, timestamp, body }) } : {}) };
}

/** The address may be a secret: only its host is named. */
const undelivered = (url: string, why: string, cause?: unknown): BelayError =>
  new BelayError({
    code: 'notification_failed',
    message: `The notification to ${new URL(url).host} was not accepted: ${why}.`,
    ...(cause === undefined ? {} : { cause }),
  });
