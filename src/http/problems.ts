import { entryOf } from '../contracts/error-catalogue.ts';
import { BelayError } from '../contracts/errors.ts';
import type { ErrorClass, ErrorCode } from '../contracts/errors.ts';
import { RangeNotSatisfiable } from './byte-range.ts';
import { withoutHostPaths } from './host-paths.ts';
import { InvalidRequest } from './parsed.ts';
import type { FieldProblem } from './parsed.ts';

/** How an error looks: problem details (RFC 9457) with the code and the hint of the catalogue. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  hint: string;
  /** Of a request that is not as it should be: everything that is wrong. */
  errors?: readonly FieldProblem[];
  /** The run that is in the way. */
  run?: string;
}

/** What can be seen of the state of the service itself, and what a request may get wrong. The rest goes by its class. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  invalid_input: 400,
  token_invalid: 401,
  not_allowed: 403,
  not_found: 404,
  method_not_allowed: 405,
  wrong_state: 409,
  run_open: 409,
  key_in_use: 409,
  earlier_work_missing: 409,
  body_too_large: 413,
  media_type_unsupported: 415,
  range_not_satisfiable: 416,
  not_a_repository: 422,
  empty_repository: 422,
  repository_not_found: 422,
  base_not_found: 422,
  issue_not_found: 422,
  issue_empty: 422,
  issue_too_large: 422,
  issue_closed: 422,
  key_reused: 422,
  too_many_calls: 429,
  internal: 500,
  configuration_invalid: 500,
  ledger_unusable: 503,
  disk_full: 507,
};

const BY_CLASS: Record<ErrorClass, number> = {
  retry: 503,
  wait: 503,
  // Something is to be mended first, at the repository or at a service that Belay works with.
  human: 422,
  fatal: 400,
};

/** Seconds until asking again makes sense, where nothing says how long. */
const RETRY_AFTER = 5;

export const statusOf = (code: ErrorCode): number => STATUSES[code] ?? BY_CLASS[entryOf(code).class];

/** `said`: what the caller has sent, which is no secret of this machine. */
export function problemOf(error: BelayError, said?: string): Problem {
  const { code, message, hint } = told(error, said);
  return {
    type: `urn:belay:error:${code}`,
    title: entryOf(code).meaning,
    status: statusOf(code),
    detail: message,
    code,
    hint,
    ...(error instanceof InvalidRequest ? { errors: error.fields } : {}),
    ...(error instanceof RunInTheWay && error.runId ? { run: `/api/runs/${error.runId}` } : {}),
  };
}

/** An error in words for somebody elsewhere. */
export function told({ code, message, hint }: BelayError, said?: string): { code: ErrorCode; message: string; hint: string } {
  return { code, message: withoutHostPaths(message, said), hint: withoutHostPaths(hint, said) };
}

/** Headers that go with a problem. */
export function problemHeaders(error: BelayError): Record<string, string> {
  const status = statusOf(error.code);
  if (status === 401) return { 'www-authenticate': 'Bearer realm="belay"' };
  if (error instanceof RangeNotSatisfiable) return { 'content-range': `bytes */${error.bytes}` };
  if (status !== 503 && status !== 429) return {};
  const seconds = error.retryAt ? Math.ceil((error.retryAt.getTime() - Date.now()) / 1000) : RETRY_AFTER;
  return { 'retry-after': String(Math.max(1, seconds)) };
}

/** An open run of the same issue. */
export class RunInTheWay extends BelayError {
  readonly runId: string | undefined;

  constructor({ runId }: { runId?: string | undefined }) {
    super({
      code: 'run_open',
      message: runId ? `Run ${runId} of this issue is open.` : 'A run of this issue is open.',
      hint: 'Follow that one: `"join": true` answers with it.',
    });
    this.runId = runId;
  }
}

/** What Express, its parsers and others throw, in the catalogue's words. Undefined: nobody expected it. */
export function belayErrorOf(error: unknown): BelayError | undefined {
  if (error instanceof BelayError) return error;
  if (error instanceof URIError) return new BelayError({ code: 'invalid_input', message: 'The address cannot be decoded.' });
  if (!(error instanceof Error) || !('status' in error) || !('type' in error)) return undefined;
  if (error.status === 413) return new BelayError({ code: 'body_too_large', message: 'The body is larger than 1 MB.' });
  if (error.status === 415)
    return new BelayError({ code: 'media_type_unsupported', message: `The body cannot be read: ${error.message}.` });
  if (error.status === 400) return new BelayError({ code: 'invalid_input', message: `The body cannot be read: ${plain(error)}.` });
  return undefined;
}

/** Parsers quote what they were given. */
const plain = ({ message }: Error): string => message.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);

export const internalError = (id: string): BelayError =>
  new BelayError({
    code: 'internal',
    message: 'Something failed that Belay did not expect.',
    hint: `The log of the API says more, by the request's id ${id}.`,
  });
