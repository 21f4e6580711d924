import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { BelayError } from '../contracts/errors.ts';
import type { KnownTokens } from './known-tokens.ts';
import { callerOf } from './locals.ts';

const WINDOW_MS = 60_000;

interface Counting {
  perMinute: number;
  /** In the standard headers, so that clients can tell the limits apart. */
  name: string;
  keyOf: (request: Request) => string;
  /** Who is let in all the same. */
  isExempt?: (request: Request) => boolean;
}

/** Counted in this process: behind several, each has its own count. */
function limit({ perMinute, name, keyOf, isExempt }: Counting): RequestHandler {
  return rateLimit({
    windowMs: WINDOW_MS,
    limit: perMinute,
    identifier: name,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: keyOf,
    handler: (request, _response, next) => {
      if (isExempt?.(request)) return next();
      const { resetTime } = (request as Request & { rateLimit?: { resetTime?: Date } }).rateLimit ?? {};
      const message = `There were more than ${perMinute} calls in a minute by this ${name}.`;
      next(new BelayError({ code: 'too_many_calls', message, retryAt: resetTime ?? new Date(Date.now() + WINDOW_MS) }));
    },
  });
}

/** An IPv6 network counts as one. A token that is known has its own limit. */
export const limitAddresses = (perMinute: number, known: KnownTokens): RequestHandler =>
  limit({ perMinute, name: 'address', keyOf: ({ ip }) => ipKeyGenerator(ip ?? ''), isExempt: known.has });

export const limitTokens = (perMinute: number): RequestHandler =>
  limit({ perMinute, name: 'token', keyOf: (request) => callerOf(request).id });
