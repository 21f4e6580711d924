import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { LRUCache } from 'lru-cache';

const MINUTE_MS = 60_000;
const MAX_KNOWN = 10_000;

/** Tokens that were let in within the last minute, by their hashes: strangers at the same address, such as a proxy's, do not keep them out. */
export interface KnownTokens {
  has(request: Request): boolean;
  add(request: Request): void;
}

export function createKnownTokens(): KnownTokens {
  const known = new LRUCache<string, true>({ max: MAX_KNOWN, ttl: MINUTE_MS });
  const keyOf = ({ headers }: Request): string =>
    createHash('sha256')
      .update(headers.authorization ?? '')
      .digest('base64');
  return { has: (request) => known.has(keyOf(request)), add: (request) => void known.set(keyOf(request), true) };
}
