import { z } from 'zod';
import { PIPELINES, RUN_STATUSES } from '../../contracts/constants.ts';
import { RUN_SORTS } from '../../contracts/service-records.ts';
import { pageOfSchema, paging } from './page.ts';
import { runSchema, time } from './run.ts';

const MAX_NAME = 255;
const name = z.string().min(1).max(MAX_NAME);

const status = `(?:${RUN_STATUSES.join('|')})`;
const statuses = z
  .string()
  .transform((list) => list.split(','))
  .pipe(z.array(z.enum(RUN_STATUSES)).max(RUN_STATUSES.length))
  .meta({
    description: 'One status, or several with commas between',
    override: { type: 'string', pattern: `^${status}(?:,${status}){0,${RUN_STATUSES.length - 1}}$`, example: 'running,waiting' },
  });

const sort = z.enum([...RUN_SORTS, ...RUN_SORTS.map((each) => `-${each}` as const)]);

/** `from` and `to` are times of creation: the first that counts, and the first that no longer does. */
export const runsQuery = z.strictObject({
  status: statuses.optional(),
  pipeline: z.enum(PIPELINES).optional(),
  repository: name.optional().meta({ description: 'owner/name' }),
  issue: z
    .string()
    .regex(/^#?[\w-]{1,64}$/, 'must be the key of an issue')
    .optional(),
  triggeredBy: name.optional(),
  from: time.optional(),
  to: time.optional(),
  sort: sort.prefault('-createdAt').meta({ description: 'With `-` before it: the newest, or dearest, first' }),
  ...paging,
});

export const runPageSchema = pageOfSchema(runSchema)
  .extend({ isExact: z.boolean().meta({ description: 'false: there are more than `total`' }) })
  .meta({ id: 'RunPage' });
