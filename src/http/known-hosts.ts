import { isIP } from 'node:net';
import type { RequestHandler } from 'express';
import { BelayError } from '../contracts/errors.ts';

/**
 * Refuses requests for names that this API is not called by. A page of another site can point its own name at this machine (DNS
 * rebinding) and have a browser ask here; it cannot do so with an address, nor with `localhost`.
 */
export function requireKnownHost({ hostnames }: { hostnames: readonly string[] }): RequestHandler {
  const known = new Set(['localhost', ...hostnames.map((name) => name.toLowerCase())]);
  return (request, _response, next) => {
    const host = request.headers.host ?? '';
    const name = hostnameOf(`http://${host}`);
    if (name === undefined || !(known.has(name) || isAddress(name))) throw stranger(host);
    const { origin } = request.headers;
    // Browsers name the page that asks; there is none of ours elsewhere.
    if (origin !== undefined && hostOf(origin) !== host.toLowerCase()) throw foreignPage();
    next();
  };
}

const hostnameOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).hostname.toLowerCase() : undefined);
const hostOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).host.toLowerCase() : undefined);

const isAddress = (name: string): boolean => isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;

const stranger = (host: string): BelayError =>
  new BelayError({
    code: 'not_allowed',
    message: `This API is not called '${host.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100)}'.`,
    hint: 'Use its address, or name it in BELAY_API_HOSTNAMES.',
  });

const foreignPage = (): BelayError =>
  new BelayError({
    code: 'not_allowed',
    message: 'Pages of other sites may not use this API.',
    hint: 'Call it from a program, or from its own pages.',
  });
