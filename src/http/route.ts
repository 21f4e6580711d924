import type { z } from 'zod';
import type { ErrorCode } from '../contracts/errors.ts';
import type { Role } from '../contracts/service-records.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { Caller } from './caller.ts';
import { parsed } from './parsed.ts';

type Fields = z.ZodObject;
type Values<Schema> = Schema extends Fields ? z.output<Schema> : undefined;

/** A request, before anything of it has been checked but who sent it. */
export interface RawCall {
  deps: ApiDependencies;
  caller: Caller;
  params: unknown;
  query: unknown;
  body: unknown;
  /** Of the header `Idempotency-Key`. */
  key?: string;
  /** Of the header `Last-Event-ID`. */
  lastEventId?: number;
  /** Of the header `Range`. */
  range?: string;
  /** Who calls, asked anew: tokens end while something is followed. Throws what authentication does. */
  stillKnown: () => Promise<Caller>;
  /** Ends when the client has left, and when the server stops. */
  signal: AbortSignal;
}

export interface Call<Params, Query, Body> extends Omit<RawCall, 'params' | 'query' | 'body'> {
  params: Params;
  query: Query;
  body: Body;
}

/** What is sent back: JSON, or a body as it is. */
export interface Answer {
  /** What the route says, unless told. */
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  body?: string | AsyncIterable<string | Uint8Array>;
  /** A client that takes nothing of the body for so long is left. */
  stalledMs?: number;
}

export interface Success {
  status: number;
  description: string;
  /** Of its JSON. */
  schema?: z.ZodType;
  /** Where it is not JSON. */
  mediaType?: string;
}

/** What the table of routes says of one. The Express route and its part of the OpenAPI document are both made of it. */
export interface Described {
  method: 'get' | 'post' | 'delete';
  /** As in OpenAPI: `/api/runs/{id}`. */
  path: string;
  summary: string;
  tag: 'Runs' | 'Orders' | 'Records' | 'Service';
  /** The least that a token must be allowed; `open` needs none. */
  access: Role | 'open';
  /** It is about more than single repositories: not for tokens that are for some. */
  everywhere?: true;
  params?: Fields;
  query?: Fields;
  body?: Fields;
  /** Takes the header `Idempotency-Key`. */
  idempotent?: true;
  /** Takes the header `Last-Event-ID`. */
  resumable?: true;
  /** Takes the header `Range`. */
  ranged?: true;
  success: Success;
  /** Other shapes of its success, by their media type. */
  alternatives?: Success[];
  /** What it refuses with, beside what every route may. */
  problems?: readonly ErrorCode[];
}

export interface Route extends Described {
  run(call: RawCall): Promise<Answer>;
}

interface Definition<P extends Fields | undefined, Q extends Fields | undefined, B extends Fields | undefined> extends Omit<
  Described,
  'params' | 'query' | 'body'
> {
  params?: P;
  query?: Q;
  body?: B;
  handle(call: Call<Values<P>, Values<Q>, Values<B>>): Promise<Answer>;
}

/** A route whose handler gets what its schemas have checked. */
export function defineRoute<
  P extends Fields | undefined = undefined,
  Q extends Fields | undefined = undefined,
  B extends Fields | undefined = undefined,
>({ handle, ...described }: Definition<P, Q, B>): Route {
  return {
    ...(described as Described),
    run: (call) =>
      handle({
        ...call,
        params: parsed(described.params, call.params, 'path') as Values<P>,
        query: parsed(described.query, call.query, 'query') as Values<Q>,
        body: parsed(described.body, call.body, 'body') as Values<B>,
      }),
  };
}
