import { createHmac, timingSafeEqual } from 'node:crypto';
import express from 'express';
import type { ErrorRequestHandler, Request, RequestHandler, Response, Router } from 'express';
import type { NewDelivery } from '../contracts/service-records.ts';
import { anyPayload } from '../triggers/payloads.ts';
import { AGAIN_SECONDS, boundUnchecked, createRefusals, queueSuspects, refuse, tooMany } from './webhook-bounds.ts';
import type { Refusals } from './webhook-bounds.ts';

export interface WebhookDependencies {
  /** What deliveries may be signed with; asked for each time, so that they can be changed while this process runs. */
  secrets: () => readonly string[];
  /** False where this delivery is known already. */
  store: (delivery: NewDelivery) => Promise<boolean>;
  /** There is something to process. */
  onStored: () => void;
  onProblem: (error: unknown, message: string) => void;
  /** How many calls that are turned away one address may make in a minute; then nothing but what is signed is listened to for the rest of it. */
  refusalsPerMinute?: number;
  /** The longest body; GitHub's own limit unless told. */
  maxBytes?: number;
  /** How much may be in memory of bodies that nobody has checked yet. */
  uncheckedBytes?: number;
}

/** GitHub sends nothing longer. */
const MAX_BYTES = 25 * 1024 * 1024;
const REFUSALS_PER_MINUTE = 60;
/** GitHub's are GUIDs. */
const ID = /^[\w-]{1,100}$/;
const EVENT = /^[a-z_]{1,100}$/;
const SIGNATURE = /^sha256=[0-9a-f]{64}$/;

/**
 * `POST /webhooks/github`. The signature is checked over the bytes as they came, before anything reads them. A delivery is stored before it
 * is answered, and processed afterwards: GitHub does not wait.
 */
export function gitHubWebhooks(deps: WebhookDependencies): Router {
  const { refusalsPerMinute = REFUSALS_PER_MINUTE, maxBytes = MAX_BYTES, uncheckedBytes } = deps;
  const refusals = createRefusals(refusalsPerMinute);
  const router = express.Router();
  router.post(
    '/webhooks/github',
    refusals.count,
    requireSignature(refusals),
    queueSuspects(refusals),
    boundUnchecked(uncheckedBytes),
    express.raw({ type: () => true, limit: maxBytes, inflate: false }),
    (request, response) => receive({ ...deps, refusals }, request, response),
  );
  router.use('/webhooks', notReadable(deps));
  return router;
}

/** Nothing is read of a body that nobody has signed. */
const requireSignature =
  ({ isOver }: Refusals): RequestHandler =>
  (request, response, next) => {
    if (SIGNATURE.test(request.get('x-hub-signature-256') ?? '')) next();
    else if (isOver(request)) tooMany(response);
    else refuse(response, 401, 'The delivery is not signed', 'Set the secret of the webhook on GitHub.');
  };

async function receive(deps: WebhookDependencies & { refusals: Refusals }, request: Request, response: Response): Promise<void> {
  const secrets = deps.secrets();
  if (secrets.length === 0) return refuse(response, 503, 'Webhooks are not set up here', 'Set GITHUB_WEBHOOK_SECRET.');
  // Without a body there is none of these bytes.
  const bytes: Buffer = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  if (!isSigned(bytes, request.get('x-hub-signature-256') ?? '', secrets)) {
    if (deps.refusals.isOver(request)) return tooMany(response);
    return refuse(response, 401, 'The signature is not right', 'The secret on GitHub has to be the one that Belay has.');
  }
  if (!request.is('application/json')) return refuse(response, 415, 'The body is not JSON', 'Choose the content type application/json.');
  const delivery = readDelivery(bytes, { id: request.get('x-github-delivery'), event: request.get('x-github-event') });
  if (!delivery) return refuse(response, 400, 'This is not what GitHub sends', 'Its headers or its JSON are not of the form.');
  if (response.headersSent) return;
  const isNew = await deps.store(delivery);
  response.status(delivery.event === 'ping' ? 200 : 202).json({ delivery: delivery.id, known: !isNew });
  if (isNew) deps.onStored();
}

/** The same time for every wrong signature, and for every secret. */
function isSigned(bytes: Buffer, signature: string, secrets: readonly string[]): boolean {
  const given = Buffer.from(signature);
  const matches = secrets.map((secret) => {
    const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  return matches.includes(true);
}

interface Head {
  id: string | undefined;
  event: string | undefined;
}

function readDelivery(bytes: Buffer, { id = '', event = '' }: Head): NewDelivery | undefined {
  const text = bytes.toString('utf8');
  const payload = anyPayload.safeParse(parsed(text));
  if (!payload.success || !ID.test(id) || !EVENT.test(event)) return undefined;
  const { action, repository } = payload.data;
  return {
    id,
    source: 'github',
    event,
    receivedAt: new Date().toISOString(),
    payload: text,
    ...(action === undefined ? {} : { action }),
    ...(repository === undefined ? {} : { repository: repository.full_name.toLowerCase() }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What could not be read, or not be stored. Nothing of the body is in the answer. */
const notReadable =
  ({ onProblem }: WebhookDependencies): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const status = statusOf(error);
    if (status === 413) return refuse(response, status, 'The body is too large', 'GitHub sends at most 25 MB.');
    if (status === 415) return refuse(response, status, 'The body is compressed', 'Send it as it is.');
    if (status !== undefined && status < 500) return refuse(response, status, 'The body could not be read', 'Send it again.');
    onProblem(error, 'A delivery of a webhook could not be stored');
    response.set('retry-after', String(AGAIN_SECONDS));
    return refuse(response, 503, 'The delivery could not be stored', 'Redeliver it when Belay is well again.');
  };

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined;
