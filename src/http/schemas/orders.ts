import { z } from 'zod';
import { APPROVALS, ENGINES, MAX_MESSAGE, PHASES, PIPELINES, PRIORITIES, WORKSPACE_KINDS } from '../../contracts/constants.ts';

/** As long as git lets a name be, and longer than any address of a repository. */
const MAX_NAME = 255;
/** `MAX_REQUEST_BYTES` of the intake counts bytes; this only keeps out what can never be one. */
const MAX_REQUEST = 16 * 1024;
const MAX_USD = 100_000;
const MAX_STEP = 1_000_000;

const usd = z.number().positive().max(MAX_USD).meta({ description: 'US dollars' });
/** It becomes an argument of the agent's program. */
const model = z.string().regex(/^\w[\w.:@/[\]-]{0,199}$/, 'must be the name of a model');

/** What the document says of it. Addresses of GitHub are taken too. */
const NAMED = /^(?:\/.*|local:[\w.-]+\/[\w.-]+|[A-Za-z\d][A-Za-z\d-]*\/[\w.-]*[\w-][\w.-]*)$/;

export const startRunBody = z
  .strictObject({
    repository: z
      .string()
      .min(1)
      .max(1024)
      .meta({
        description: '`owner/name` on GitHub, `local/name` on this machine, or (for admins) an absolute path here',
        example: 'acme/shop',
        override: { pattern: NAMED.source },
      }),
    issue: z
      .string()
      .regex(/^#?\d{1,12}$/, 'must be the number of an issue')
      .optional()
      .meta({ description: 'An issue of that repository', example: '12' }),
    request: z.string().min(1).max(MAX_REQUEST).optional().meta({ description: 'What is wanted, where there is no issue' }),
    pipeline: z.enum(PIPELINES).optional(),
    engine: z.enum(ENGINES).optional(),
    model: model.optional(),
    workspace: z.enum(WORKSPACE_KINDS).optional(),
    approve: z.array(z.enum(APPROVALS)).max(APPROVALS.length).optional().meta({ description: 'What waits for a person' }),
    budgetUsd: usd.optional(),
    priority: z.literal(PRIORITIES).optional().meta({ description: 'Who is first when workspaces are short: 1 before 5' }),
    base: z.string().min(1).max(MAX_NAME).optional().meta({ description: 'The branch that the work is based on' }),
    fresh: z.boolean().optional().meta({ description: "Start over instead of continuing the issue's open pull request" }),
    join: z.boolean().optional().meta({ description: 'Answer with the open run of the issue, if there is one' }),
  })
  .refine(({ issue, request }) => (issue === undefined) !== (request === undefined), {
    path: ['issue'],
    message: 'either issue or request has to be there',
  })
  .meta({ id: 'StartRun', override: { oneOf: [{ required: ['issue'] }, { required: ['request'] }] } });
export type StartRunBody = z.output<typeof startRunBody>;

const words = z.string().regex(/\S/, 'must say something').max(MAX_MESSAGE);

export const cancelBody = z.strictObject({ reason: words.optional() }).meta({ id: 'Cancel' });
export const retryBody = z.strictObject({ phase: z.enum(PHASES).optional(), budgetUsd: usd.optional() }).meta({ id: 'Retry' });
export const rollbackBody = z.strictObject({ version: z.int().min(1).max(1_000_000), budgetUsd: usd.optional() }).meta({ id: 'Rollback' });
export const approveBody = z
  .strictObject({
    hash: z
      .string()
      .regex(/^[0-9a-f]{7,64}$/, 'must be a hash, or its beginning')
      .optional()
      .meta({ description: 'Only if this is what the run asks about' }),
  })
  .meta({ id: 'Approve' });
export const rejectBody = z.strictObject({ reason: words }).meta({ id: 'Reject' });
export const messageBody = z.strictObject({ text: words }).meta({ id: 'Message' });
export const commentBody = z
  .strictObject({ text: words, step: z.int().min(1).max(MAX_STEP).optional(), metadata: z.record(z.string(), z.json()).optional() })
  .meta({ id: 'NewComment' });
