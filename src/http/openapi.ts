import { createDocument } from 'zod-openapi';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject, ZodOpenApiResponseObject } from 'zod-openapi';
import { z } from 'zod';
import { ERRORS, entryOf } from '../contracts/error-catalogue.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import { packageVersion } from '../package-version.ts';
import { statusOf } from './problems.ts';
import type { Route, Success } from './route.ts';

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(ERRORS) as ErrorCode[]),
    hint: z.string(),
    errors: z.array(z.object({ field: z.string(), problem: z.string() })).optional(),
    run: z.string().optional().meta({ description: 'The run that is in the way' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457, with the code and the hint of docs/errors.md' });

/** What every request may be refused with. */
const ALWAYS: readonly ErrorCode[] = ['invalid_input', 'too_many_calls', 'internal', 'ledger_busy'];
const WITH_TOKEN: readonly ErrorCode[] = ['token_invalid', 'not_allowed'];
const WITH_BODY: readonly ErrorCode[] = ['body_too_large', 'media_type_unsupported'];

/** The API's document (OpenAPI 3.1), made of the routes themselves. */
export function openApiDocument(routes: readonly Route[]): object {
  return createDocument({
    openapi: '3.1.0',
    info: { title: 'Belay', version: packageVersion(), description: 'Starts, follows and steers runs. See docs/api.md.' },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'A token of `belay token create`, or a JWT' } },
    },
    paths: pathsOf(routes),
  });
}

function pathsOf(routes: readonly Route[]): ZodOpenApiPathsObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) };
  return paths;
}

const range = z.string().optional().meta({ description: 'One part of it, such as `bytes=0-1023`' });
const lastEventId = z
  .string()
  .regex(/^\d{0,15}$/)
  .optional()
  .meta({ description: 'The id of the last event that is known already: browsers send it' });

function operationOf(route: Route): ZodOpenApiOperationObject {
  const { summary, tag, access, params, query, body } = route;
  const key = z
    .string()
    .regex(/^[!-~]{1,255}$/)
    .optional()
    .meta({ description: 'The same request, sent again with it, is answered as before' });
  return {
    operationId: operationId(route),
    summary,
    tags: [tag],
    description:
      access === 'open' ? 'Open to all.' : `For tokens with the role ${access} or more${route.everywhere ? ', for all repositories' : ''}.`,
    security: access === 'open' ? [] : [{ bearer: [] }],
    requestParams: {
      ...(params ? { path: params } : {}),
      ...(query ? { query } : {}),
      ...(route.idempotent ? { header: z.object({ 'Idempotency-Key': key }) } : {}),
      ...(route.ranged ? { header: z.object({ Range: range }) } : {}),
      ...(route.resumable ? { header: z.object({ 'Last-Event-ID': lastEventId }) } : {}),
    },
    ...(body ? { requestBody: { required: !body.safeParse({}).success, content: { 'application/json': { schema: body } } } } : {}),
    responses: responsesOf(route),
  };
}

/** `post /api/runs/{id}/cancel` is `post-runs-id-cancel`. */
const operationId = ({ method, path }: Route): string =>
  [method, ...path.split('/').map((part) => part.replaceAll(/[{}.]/g, ''))].filter((part) => part !== '' && part !== 'api').join('-');

function responsesOf(route: Route): Record<string, ZodOpenApiResponseObject> {
  const { access, body, params, success, alternatives = [], problems = [] } = route;
  const codes = new Set([
    ...ALWAYS,
    ...(access === 'open' ? [] : WITH_TOKEN),
    ...(body ? WITH_BODY : []),
    ...(params ? (['not_found'] as const) : []),
    ...problems,
  ]);
  const responses = new Map(
    [...Map.groupBy([success, ...alternatives], ({ status }) => status)].map(([status, shapes]) => [status, answer(shapes)]),
  );
  for (const [status, each] of Map.groupBy(codes, statusOf)) {
    const { description, content } = refusal(each);
    const other = responses.get(status);
    responses.set(
      status,
      other ? { description: `${other.description}. ${description}`, content: { ...other.content, ...content } } : { description, content },
    );
  }
  return Object.fromEntries([...responses].map(([status, response]) => [String(status), response]));
}

type Content = NonNullable<ZodOpenApiResponseObject['content']>;
type Documented = { description: string; content?: Content };

/** One event after the other: OpenAPI 3.1 has no words for what each of them is. */
const EVENTS = 'text/event-stream';

function answer(shapes: readonly Success[]): Documented {
  const content = shapes.flatMap(({ schema, mediaType }): [string, { schema?: z.ZodType }][] => {
    if (mediaType === EVENTS) return [[EVENTS, {}]];
    return mediaType ? [[mediaType, { schema: z.string() }]] : schema ? [['application/json', { schema }]] : [];
  });
  const description = shapes[0]?.description ?? '';
  return content.length > 0 ? { description, content: Object.fromEntries(content) } : { description };
}

const refusal = (codes: readonly ErrorCode[]): { description: string; content: Content } => ({
  description: codes.map((code) => `${code}: ${entryOf(code).meaning}`).join(' '),
  content: { 'application/problem+json': { schema: problem } },
});
