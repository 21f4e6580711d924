import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator } from 'express-rate-limit';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';

/** So much of what nobody has checked yet is in memory at most. */
const UNCHECKED_BYTES = 128 * 1024 * 1024;
/** GitHub does not wait longer for an answer. */
const BODY_MS = 10_000;
const MINUTE_MS = 60_000;
const MAX_ADDRESSES = 10_000;
/** Longer than anything that Belay follows: what an issue and a comment say is a tenth of it. */
const SUSPECT_BYTES = 1024 * 1024;
const SUSPECTS_AT_ONCE = 32;
const SUSPECTS_WAITING = 1000;
/** After so long there may be room again. */
export const AGAIN_SECONDS = 30;

/** Addresses that were turned away too often in a minute. */
export interface Refusals {
  isOver(request: Request): boolean;
  /** Counts what is turned away: GitHub itself may send as much as it has, all at once. */
  readonly count: RequestHandler;
}

export function createRefusals(perMinute: number): Refusals {
  const refused = new LRUCache<string, number>({ max: MAX_ADDRESSES, ttl: MINUTE_MS, noUpdateTTL: true });
  // An IPv6 network counts as one.
  const addressOf = ({ ip = '' }: Request): string => ipKeyGenerator(ip);
  return {
    isOver: (request) => (refused.get(addressOf(request)) ?? 0) >= perMinute,
    count: (request, response, next) => {
      const address = addressOf(request);
      response.once('finish', () => {
        if (response.statusCode >= 400 && response.statusCode < 500) refused.set(address, (refused.get(address) ?? 0) + 1);
      });
      next();
    },
  };
}

/**
 * Who shares an address with a stranger, as all do behind a proxy that Belay does not know of, is listened to all the same: a few at once, the
 * others in turn, and nothing that is long.
 */
export function queueSuspects({ isOver }: Refusals): RequestHandler {
  const turns = pLimit(SUSPECTS_AT_ONCE);
  return (request, response, next) => {
    if (!isOver(request)) return next();
    if (!(Number(request.get('content-length')) <= SUSPECT_BYTES)) return tooMany(response);
    if (turns.pendingCount >= SUSPECTS_WAITING) return tooBusy(response);
    const { promise: over, resolve } = Promise.withResolvers<void>();
    response.once('close', resolve);
    void turns(async () => {
      if (response.closed) return;
      next();
      await over;
    });
  };
}

/** What comes counts from then on, not what is said to come: nobody keeps others out by a promise. */
export function boundUnchecked(maxBytes = UNCHECKED_BYTES): RequestHandler {
  let unchecked = 0;
  return (request, response, next) => {
    let bytes = 0;
    let over = false;
    const late = setTimeout(() => refuse(response, 408, 'The body did not come in time', 'Redeliver it.'), BODY_MS).unref();
    request.once('end', () => clearTimeout(late));
    request.on('data', (chunk: Buffer) => {
      // A body goes on after its refusal: nobody would take that back.
      if (over) return;
      bytes += chunk.length;
      unchecked += chunk.length;
      if (unchecked > maxBytes) tooBusy(response);
    });
    response.once('close', () => {
      clearTimeout(late);
      over = true;
      unchecked -= bytes;
    });
    // What reads the body has to come in the same turn: it would miss the beginning.
    next();
  };
}

export function tooMany(response: Response): void {
  response.set('retry-after', String(MINUTE_MS / 1000));
  refuse(response, 429, 'Too many calls were turned away from this address', 'Try again in a minute.');
}

function tooBusy(response: Response): void {
  if (response.headersSent) return;
  response.set('retry-after', String(AGAIN_SECONDS));
  refuse(response, 503, 'Too many deliveries come at once', 'Redeliver it later.');
}

/** As RFC 9457 has it. The rest of a body that was not read is not waited for. */
export function refuse(response: Response, status: number, title: string, hint: string): void {
  if (response.headersSent) return;
  response
    .status(status)
    .set('connection', 'close')
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title, status, hint }));
}
