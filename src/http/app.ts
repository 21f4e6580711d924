import { randomUUID } from 'node:crypto';
import express from 'express';
import type { ErrorRequestHandler, Express, Request, RequestHandler, Router } from 'express';
import helmet from 'helmet';
import type { ApiDependencies } from './dependencies.ts';
import { serveDocs } from './docs.ts';
import { acceptSockets } from './events/sockets.ts';
import { requireKnownHost } from './known-hosts.ts';
import { createKnownTokens } from './known-tokens.ts';
import type { KnownTokens } from './known-tokens.ts';
import { callerOf, knownOf, register } from './locals.ts';
import { mountRoutes } from './mount.ts';
import { belayErrorOf, internalError, problemHeaders, problemOf } from './problems.ts';
import { limitAddresses, limitTokens } from './rate-limits.ts';
import { ROUTES } from './routes.ts';
import { nothing } from './visible-run.ts';

export interface AppParts {
  deps: ApiDependencies;
  /** Takes requests before their bodies are read: signatures are of the bytes. It checks by itself who sent them. */
  webhooks?: Router | undefined;
}

/** The API, which listens nowhere yet. What is not open needs a token, also where there is no route. */
export function createApp({ deps, webhooks }: AppParts): Express {
  const { api } = deps.config;
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', api.proxies);
  app.set('query parser', 'simple');
  app.use(observe(deps));
  app.use(noticeProxies(deps));
  app.use(secure());
  if (webhooks) app.use(webhooks);
  const known = createKnownTokens();
  app.use(limitAddresses(api.callsPerMinute.address, known));
  app.use(requireKnownHost({ hostnames: api.hostnames }));
  app.use('/docs', serveDocs());
  const [open, closed] = [ROUTES.filter(({ access }) => access === 'open'), ROUTES.filter(({ access }) => access !== 'open')];
  mountRoutes(app, open, deps);
  app.use(authenticate(deps, known));
  app.use(limitTokens(api.callsPerMinute.token));
  app.use(acceptSockets(deps));
  mountRoutes(app, closed, deps);
  app.use((request) => {
    throw nothing(`There is no ${request.path.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200)}.`);
  });
  app.use(answerError(deps));
  return app;
}

/** Scripts and styles of its own only. TLS is the proxy's, which would be told to use it for ever by an API that has none. */
const secure = (): RequestHandler =>
  helmet({ strictTransportSecurity: false, contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } });

function authenticate({ authenticate: who }: ApiDependencies, known: KnownTokens): RequestHandler {
  return async (request, _response, next) => {
    knownOf(request).caller = await who({ authorization: request.headers.authorization, address: request.ip ?? '' });
    known.add(request);
    next();
  };
}

/** Gives every request an id, and tells log and metrics how it was answered. */
function observe({ log, metrics, stopping }: ApiDependencies): RequestHandler {
  return (request, response, next) => {
    const [id, begun] = [randomUUID(), performance.now()];
    register(request, id);
    response.set('x-request-id', id).set('cache-control', 'no-store');
    // The client opens a new connection, to the process that comes after this one.
    if (stopping.aborted) response.set('connection', 'close');
    response.once('close', () => {
      const durationMs = Math.round(performance.now() - begun);
      const { path = 'none' } = knownOf(request);
      const { method } = request;
      metrics.observe({ method, path, status: response.statusCode, durationMs });
      const caller = callerOf(request).name;
      log.info({ request: id, method, path, status: response.statusCode, durationMs, caller, cut: !response.writableFinished }, 'Answered');
    });
    next();
  };
}

/** The one place where callers name a path. */
function saidIn({ url, body }: Request): string {
  const named: unknown = (body as { repository?: unknown } | undefined)?.repository;
  return typeof named === 'string' ? `${url} ${named}` : url;
}

/** Behind a proxy that Belay does not know of all callers have its address, and its limits. */
function noticeProxies({ config, log }: ApiDependencies): RequestHandler {
  let isSaid = config.api.proxies > 0;
  return (request, _response, next) => {
    if (!isSaid && request.headers['x-forwarded-for'] !== undefined) {
      isSaid = true;
      log.warn('Requests come through a proxy: set BELAY_API_PROXIES, or all callers count as one address');
    }
    next();
  };
}

function answerError({ log }: ApiDependencies): ErrorRequestHandler {
  // Express knows a handler of errors by its four parameters.
  return (thrown: unknown, request, response, _next) => {
    const { id } = knownOf(request);
    const known = belayErrorOf(thrown);
    if (!known) log.error({ err: thrown, request: id }, 'A request failed unexpectedly');
    const error = known ?? internalError(id);
    const problem = problemOf(error, saidIn(request));
    if (problem.detail !== error.message) log.info({ request: id, detail: error.message }, 'A problem was told without its paths');
    if (response.headersSent) response.destroy();
    else response.set(problemHeaders(error)).status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  };
}
