import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Express, Request, RequestHandler, Response } from 'express';
import { json } from 'express';
import { BelayError } from '../contracts/errors.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { scopedTo } from './dependencies.ts';
import type { ApiDependencies } from './dependencies.ts';
import { isAllowed } from './caller.ts';
import { callerOf, knownOf } from './locals.ts';
import { InvalidRequest } from './parsed.ts';
import type { Answer, Route } from './route.ts';

const MAX_BODY_BYTES = 1024 * 1024;
const EVENT_ID = /^\d{1,15}$/;
const KEY = /^[\x21-\x7e]{1,255}$/;
const CHARSET = /;\s*charset\s*=\s*"?([^\s";]+)/i;
/** Nothing is read by a client for so long: it has gone, or never wanted to. */
const STALLED_MS = 60_000;

const readJson = json({ limit: MAX_BODY_BYTES, inflate: false, strict: true, type: () => true, verify: requireUtf8 });

/** What is none would be read with a sign for every wrong byte, and kept so. */
function requireUtf8(_request: unknown, _response: unknown, bytes: Buffer): void {
  if (!isUtf8(bytes)) throw new BelayError({ code: 'invalid_input', message: 'The body cannot be read: it is not UTF-8.' });
}

/** Has Express answer these routes, and refuse other methods at their addresses. */
export function mountRoutes(app: Express, routes: readonly Route[], deps: ApiDependencies): void {
  for (const [path, group] of Map.groupBy(routes, (route) => route.path)) {
    const place = app.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    for (const route of group) {
      const handlers = route.body
        ? [requireRole(route), requireJson, readJson, answering(route, deps)]
        : [requireRole(route), answering(route, deps)];
      place[route.method](...handlers);
    }
    place.all(refuseMethod(group));
  }
}

function requireRole({ path, access, everywhere }: Route): RequestHandler {
  return (request, _response, next) => {
    knownOf(request).path = path;
    if (access === 'open') return next();
    const caller = callerOf(request);
    if (!isAllowed(caller, access)) throw forbidden(`This needs the role ${access}; the token has ${caller.role}.`);
    if (everywhere && caller.repositories !== null) throw forbidden('This is about all repositories; the token is for some.');
    next();
  };
}

const forbidden = (message: string): BelayError => new BelayError({ code: 'not_allowed', message });

const requireJson: RequestHandler = (request, _response, next) => {
  const [, charset = 'utf-8'] = CHARSET.exec(request.headers['content-type'] ?? '') ?? [];
  // JSON is UTF-8 (RFC 8259); what the parser would read beside it only helps to get something past a filter.
  if (hasBody(request) && !(request.is('application/json') && charset.toLowerCase() === 'utf-8'))
    throw new BelayError({ code: 'media_type_unsupported', message: 'The body is not said to be application/json in UTF-8.' });
  next();
};

const hasBody = ({ headers }: Request): boolean => headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

function answering(route: Route, deps: ApiDependencies): RequestHandler {
  return async (request, response) => {
    const left = new AbortController();
    response.once('close', () => left.abort());
    // Whoever left while the token was looked up says so no more.
    if (response.closed) left.abort();
    const key = route.idempotent ? keyOf(request) : undefined;
    const lastEventId = route.resumable ? lastEventIdOf(request) : undefined;
    // A part of what may have changed since is of no use: then all of it is sent.
    const range = route.ranged && request.get('if-range') === undefined ? request.get('range') : undefined;
    const { authorization } = request.headers;
    const caller = callerOf(request);
    const answer = await route.run({
      deps: scopedTo(deps, caller),
      caller,
      params: request.params,
      query: request.query,
      body: request.body as unknown,
      signal: AbortSignal.any([left.signal, deps.stopping]),
      stillKnown: () => deps.authenticate({ authorization, address: request.ip ?? '' }),
      ...withoutUndefined({ key, lastEventId, range }),
    });
    await send(request, response, route, answer);
  };
}

function keyOf(request: Request): string | undefined {
  const key = request.get('idempotency-key');
  if (key === undefined || KEY.test(key)) return key;
  throw new InvalidRequest([{ field: 'header.Idempotency-Key', problem: 'must be 1 to 255 visible characters' }]);
}

function lastEventIdOf(request: Request): number | undefined {
  const text = request.get('last-event-id');
  if (text === undefined || text === '') return undefined;
  if (EVENT_ID.test(text)) return Number(text);
  throw new InvalidRequest([{ field: 'header.Last-Event-ID', problem: 'must be the id of an event' }]);
}

async function send(request: Request, response: Response, { success }: Route, answer: Answer): Promise<void> {
  const { status = success.status, headers = {}, json: value, body, stalledMs = STALLED_MS } = answer;
  response.status(status).set(headers);
  if (value !== undefined) return void response.json(value);
  if (body === undefined) return void response.end();
  if (!response.get('content-type')) response.type(success.mediaType ?? 'text/plain');
  if (typeof body === 'string') return void response.send(body);
  if (request.method === 'HEAD') {
    if (body instanceof Readable) body.destroy();
    return void response.end();
  }
  await stream(response, body, stalledMs);
}

/** As fast as the client reads. One that does not read is left. */
async function stream(response: Response, body: AsyncIterable<string | Uint8Array>, stalledMs: number): Promise<void> {
  response.setTimeout(stalledMs, () => response.destroy());
  // Who follows something that is silent is to know at once that it may.
  response.flushHeaders();
  const readable = Readable.from(body);
  try {
    await pipeline(readable, response);
  } catch (error) {
    // Who has left hears nothing any more; a body that breaks off half-way cannot be made whole by an error after it.
    if (!response.destroyed) response.destroy();
    if (!isGone(error)) throw error;
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.code === 'ECONNRESET');

function refuseMethod(group: readonly Route[]): RequestHandler {
  const allowed = group.map(({ method }) => method.toUpperCase()).join(', ');
  return (request, response) => {
    response.set('allow', allowed);
    throw new BelayError({ code: 'method_not_allowed', message: `${request.method} is not possible here: ${allowed} is.` });
  };
}
