import { z } from 'zod';

/** More than anybody reads at once. */
const MAX_LIMIT = 200;
const MAX_PAGE = 1_000_000;

/** Queries are texts; the API's document says what they stand for. */
const documented = (schema: object) => ({
  override: ({ jsonSchema }: { jsonSchema: object }): void => {
    for (const key of ['enum', 'pattern']) Reflect.deleteProperty(jsonSchema, key);
    Object.assign(jsonSchema, schema);
  },
});

export const wholeNumber = ({ min, max }: { min: number; max: number }) =>
  z
    .string()
    .regex(/^\d{1,16}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .meta(documented({ type: 'integer', minimum: min, maximum: max }));

/** What counts where the query does not say. */
export const wholeNumberOr = (fallback: number, range: { min: number; max: number }) =>
  wholeNumber(range)
    .prefault(String(fallback))
    .meta({ override: { default: fallback } });

export const flag = z
  .enum(['true', 'false'])
  .transform((value) => value === 'true')
  .meta(documented({ type: 'boolean' }))
  .prefault('false')
  .meta({ override: { default: false } });

/** Of every query that is answered with a page. */
export const paging = {
  page: wholeNumberOr(1, { min: 1, max: MAX_PAGE }).meta({ description: 'From 1' }),
  limit: wholeNumberOr(50, { min: 1, max: MAX_LIMIT }).meta({ description: 'How many on a page' }),
};

export const pageQuery = z.strictObject(paging);

export const pageOfSchema = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), total: z.int().meta({ description: 'On all pages' }), page: z.int(), limit: z.int() });

interface Paging {
  page: number;
  limit: number;
}

/** A page of what is all at hand. */
export function pageOf<T>(all: readonly T[], { page, limit }: Paging): { items: T[]; total: number; page: number; limit: number } {
  return { items: all.slice((page - 1) * limit, page * limit), total: all.length, page, limit };
}
