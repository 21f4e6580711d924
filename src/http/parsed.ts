import { z } from 'zod';
import { BelayError } from '../contracts/errors.ts';

/** One thing that is wrong with a request. */
export interface FieldProblem {
  /** Where: `body.issue`, `query.limit`. */
  field: string;
  problem: string;
}

/** The error of a request that is not as the API's document says, with everything that is wrong. */
export class InvalidRequest extends BelayError {
  readonly fields: readonly FieldProblem[];

  constructor(fields: readonly FieldProblem[]) {
    super({
      code: 'invalid_input',
      message: `The request is not as it should be: ${fields.map(({ field, problem }) => `${field}: ${problem}`).join('; ')}.`,
      hint: '/openapi.json and /docs say what each route takes.',
    });
    this.fields = fields;
  }
}

/** Queries of routes that take none are refused too: who misspells a filter is told so, and not shown everything. */
const NOTHING = z.strictObject({});

/** Undefined for what is nested so deeply that it cannot be gone through. */
function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The value as its schema has it. Throws `InvalidRequest`. */
export function parsed(schema: z.ZodObject | undefined, value: unknown, place: 'path' | 'query' | 'body'): unknown {
  if (!schema && place === 'body') return undefined;
  const result = safely(() => (schema ?? NOTHING).safeParse(value ?? {}));
  if (!result) throw new InvalidRequest([{ field: place, problem: 'is nested too deeply' }]);
  if (result.success) return result.data;
  throw new InvalidRequest(result.error.issues.map((issue) => ({ field: [place, ...issue.path].join('.'), problem: issue.message })));
}
