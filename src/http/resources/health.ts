import { z } from 'zod';
import { BelayError } from '../../contracts/errors.ts';
import { packageVersion } from '../../package-version.ts';
import { pingTemporal as ping } from '../../temporal/temporal-access.ts';
import { openApiDocument } from '../openapi.ts';
import { defineRoute } from '../route.ts';
import type { Route } from '../route.ts';

const health = defineRoute({
  method: 'get',
  path: '/health',
  summary: 'Whether this process answers',
  tag: 'Service',
  access: 'open',
  success: { status: 200, description: 'It does', schema: z.object({ status: z.literal('ok'), version: z.string() }) },
  handle: () => Promise.resolve({ json: { status: 'ok', version: packageVersion() } }),
});

const part = z.enum(['ok', 'unreachable']);

const parts = z.object({ temporal: part, database: part });

const ready = defineRoute({
  method: 'get',
  path: '/ready',
  summary: 'Whether orders can be given: Temporal and the database answer',
  tag: 'Service',
  access: 'open',
  success: { status: 200, description: 'Both do', schema: parts },
  alternatives: [{ status: 503, description: 'One does not, or this process stops', schema: parts }],
  async handle({ deps }) {
    const [temporal, database] = await Promise.all([isUp(() => deps.temporal.use(ping)), isUp(() => deps.ledger.latestEvent())]);
    const isReady = temporal === 'ok' && database === 'ok' && !deps.stopping.aborted;
    return { status: isReady ? 200 : 503, json: { temporal, database }, ...(isReady ? {} : { headers: { 'retry-after': '5' } }) };
  },
});

async function isUp(ask: () => Promise<unknown>): Promise<z.infer<typeof part>> {
  try {
    await ask();
    return 'ok';
  } catch (error) {
    if (error instanceof BelayError) return 'unreachable';
    throw error;
  }
}

const metrics = defineRoute({
  method: 'get',
  path: '/metrics',
  summary: 'For Prometheus: runs, phases, cost, latencies of the API',
  tag: 'Service',
  access: 'viewer',
  everywhere: true,
  success: { status: 200, description: 'In its text format', mediaType: 'text/plain' },
  handle: async ({ deps }) => ({ body: await deps.metrics.text(), headers: { 'content-type': deps.metrics.contentType } }),
});

/** The document describes all routes, itself among them. */
export function healthRoutes(others: readonly Route[]): Route[] {
  let made: object | undefined;
  const document = defineRoute({
    method: 'get',
    path: '/openapi.json',
    summary: 'This document',
    tag: 'Service',
    access: 'open',
    success: { status: 200, description: 'OpenAPI 3.1', schema: z.looseObject({ openapi: z.string() }) },
    handle: () => Promise.resolve({ json: (made ??= openApiDocument([...others, ...own])) }),
  });
  const own: Route[] = [health, ready, metrics, document];
  return own;
}
