import { LRUCache } from 'lru-cache';
import type { HttpFetch } from './transport.ts';

interface Kept {
  etag: string;
  body: string;
  headers: [string, string][];
}

const MAX_KEPT_BYTES = 8 * 1024 * 1024;
/** Headers and key, roughly. */
const OVERHEAD_BYTES = 2048;

/** Asks again only whether an answer has changed: GitHub does not count "it has not" (304) towards the rate limit. */
export function conditional(fetch: HttpFetch): HttpFetch {
  const answers = new LRUCache<string, Kept>({ maxSize: MAX_KEPT_BYTES, sizeCalculation: ({ body }) => body.length + OVERHEAD_BYTES });
  return async (url, request) => {
    if (request.method !== 'GET') return fetch(url, request);
    const key = `${url} ${request.headers['accept'] ?? ''}`;
    const kept = answers.get(key);
    const headers = kept ? { ...request.headers, 'if-none-match': kept.etag } : request.headers;
    const answer = await fetch(url, { ...request, headers });
    if (kept && answer.status === 304) return new Response(kept.body, { status: 200, headers: kept.headers });
    const etag = answer.headers.get('etag');
    if (answer.status !== 200 || etag === null) return answer;
    const body = await answer.text();
    const fresh: Kept = { etag, body, headers: [...answer.headers] };
    answers.set(key, fresh);
    return new Response(body, { status: 200, headers: fresh.headers });
  };
}
