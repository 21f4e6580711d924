import { EnvHttpProxyAgent, fetch } from 'undici';
import { BelayError } from '../contracts/errors.ts';
import { proxies } from '../process/proxies.ts';

/** What is told, and to whom it matters. */
export interface Notification {
  event: 'run.parked' | 'run.waiting';
  /** All of it in words: what chat services show of a message. */
  text: string;
  run: { id: string; workflowId: string; repository: string; title: string; status: string; waitingFor?: string; url?: string };
  cause?: { code: string; message: string; hint?: string };
}

/** Tells people outside of Belay that a run needs one of them. */
export interface Notifier {
  send(notification: Notification): Promise<void>;
}

const TIMEOUT_MS = 15_000;

/** A POST of JSON to this address, through the company's proxy. What is not accepted is a `BelayError` notification_failed. */
export function createWebhook({ url, env }: { url: string; env: NodeJS.ProcessEnv }): Notifier {
  const dispatcher = new EnvHttpProxyAgent(proxies(env));
  return {
    async send(notification) {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'belay' },
        body: JSON.stringify(notification),
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

/** The address may be a secret: only its host is named. */
const undelivered = (url: string, why: string, cause?: unknown): BelayError =>
  new BelayError({
    code: 'notification_failed',
    message: `The notification to ${new URL(url).host} was not accepted: ${why}.`,
    ...(cause === undefined ? {} : { cause }),
  });
