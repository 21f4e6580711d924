import { z } from 'zod';
import type { PortRange } from './contracts/port-range.ts';

/** A way to read a variable's text, and the words that say what is allowed ("… must be <allowed>"). */
export interface Kind<Value> {
  schema: z.ZodType<Value, string>;
  allowed: string;
}

const MINUTE_MS = 60_000;
const FIRST_FREE_PORT = 1024;
const LAST_PORT = 65_535;

const decimal = z
  .string()
  .regex(/^\d+(\.\d+)?$/)
  .transform(Number);

export const text: Kind<string> = { schema: z.string(), allowed: 'a text' };

export const path: Kind<string> = { schema: z.string().regex(/^[^\0]+$/), allowed: 'a path; `~/` is your home folder' };

/** What begins like another kind of address is no path. */
export const databaseUrl: Kind<string> = {
  schema: z.string().regex(/^(?:postgres(?:ql)?:\/\/\S+|(?!\w+:\/\/)[^\0\n]+)$/),
  allowed: 'a postgres:// address, or the path of an SQLite file',
};

/** Copied with a line break or two keys in one are the usual mistakes. */
export const secretWord: Kind<string> = { schema: z.string().regex(/^\S+$/), allowed: 'one word without spaces or line breaks' };

export const httpUrl: Kind<string> = { schema: z.url({ protocol: /^https?$/ }), allowed: 'an http:// or https:// address' };

/** Git takes more, but only with HTTP does the token go along. */
export const gitUrlTemplate: Kind<string> = {
  schema: z.string().regex(/^https?:\/\/[^\s/{}]+\/(?=\S*\{owner\})(?=\S*\{repo\})\S+$/),
  allowed: 'an http:// or https:// address with {owner} and {repo} in it',
};

export const hostAndPort: Kind<string> = {
  schema: z.string().regex(/^(\[[\da-fA-F:.]+\]|[^\s:/[\]]+):([1-9]\d{0,4})$/),
  allowed: 'host:port, such as 127.0.0.1:7233',
};

export const networkName: Kind<string> = {
  schema: z.string().regex(/^[\w.:-]{1,253}$/),
  allowed: 'a name or an address, such as 127.0.0.1, ::1 or 0.0.0.0',
};

export const namesList: Kind<string[]> = {
  schema: z
    .string()
    .transform((list) => list.split(',').map((item) => item.trim().toLowerCase()))
    .pipe(z.array(z.string().regex(/^[a-z\d_-]+(\.[a-z\d_-]+)*$/)).min(1)),
  allowed: 'a list of names, with commas between',
};

export const oneOf = <const Choice extends string>(choices: readonly Choice[]): Kind<Choice> => ({
  schema: z.enum(choices),
  allowed: choices.join(', ').replace(/, ([^,]*)$/, ' or $1'),
});

export const listOf = <const Choice extends string>(choices: readonly Choice[]): Kind<Choice[]> => ({
  schema: z
    .string()
    .transform((list) => list.split(',').map((item) => item.trim()))
    .pipe(z.array(z.enum(choices)))
    .transform((list) => [...new Set(list)]),
  allowed: `a list, with commas between, of ${choices.join(', ')}`,
});

export const integer = ({ min, max }: { min: number; max: number }): Kind<number> => ({
  schema: z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max)),
  allowed: `a whole number from ${min} to ${max}`,
});

/** Read as minutes, kept as milliseconds. */
export const minutes: Kind<number> = {
  schema: decimal
    .pipe(
      z
        .number()
        .positive()
        .max(24 * 60),
    )
    .transform((value) => Math.max(1, Math.round(value * MINUTE_MS))),
  allowed: 'minutes, more than 0 and at most 1440; fractions such as 0.5 are fine',
};

const span = (unitMs: number, unit: string, max: number): Kind<number> => ({
  schema: decimal.pipe(z.number().positive().max(max)).transform((value) => Math.max(1, Math.round(value * unitMs))),
  allowed: `${unit}, more than 0 and at most ${max}; fractions are fine`,
});

/** Read as hours or days, kept as milliseconds. */
export const hours = span(60 * MINUTE_MS, 'hours', 30 * 24);
export const days = span(24 * 60 * MINUTE_MS, 'days', 365);
/** As long as a law may have records kept. */
export const manyDays = span(24 * 60 * MINUTE_MS, 'days', 36_500);
/** Read as seconds, kept as milliseconds. */
export const seconds = ({ min, max }: { min: number; max: number }): Kind<number> => {
  const { schema, allowed } = integer({ min, max });
  return { schema: schema.transform((value) => value * 1000), allowed: `seconds: ${allowed}` };
};

/** Copied into one line, its line breaks become `\n`. */
export const pem: Kind<string> = {
  schema: z
    .string()
    .transform((key) => key.replaceAll(String.raw`\n`, '\n'))
    .pipe(z.string().regex(/^-----BEGIN [A-Z ]*PRIVATE KEY-----\n[\s\S]+-----END [A-Z ]*PRIVATE KEY-----$/)),
  allowed: 'a private key in PEM format; in one line, with `\\n` for its line breaks',
};

const listed = z.string().transform((list) => [...new Set(list.split(',').map((item) => item.trim()))]);

/** Of GitHub; in canonical lower case. */
export const repositoryList: Kind<string[]> = {
  schema: listed
    .pipe(z.array(z.string().regex(/^(?!local\/)[a-z\d][a-z\d-]*\/(\*|[\w.-]+)$/i)))
    .transform((list) => list.map((slug) => slug.toLowerCase())),
  allowed: 'a list, with commas between, of owner/name or owner/*; `local/` are those of this machine',
};

export const wordList: Kind<string[]> = {
  schema: listed.pipe(z.array(z.string().regex(/^\S+$/))),
  allowed: 'a list of words with commas between',
};

const GIB = 1024 ** 3;

/** Read as gigabytes (of 1024³), kept as bytes. */
export const gigabytes: Kind<number> = {
  schema: decimal.pipe(z.number().positive().max(100_000)).transform((value) => Math.round(value * GIB)),
  allowed: 'gigabytes, more than 0 and at most 100000; fractions are fine',
};

export const usd: Kind<number> = { schema: decimal.pipe(z.number().positive()), allowed: 'an amount in USD, more than 0' };

export const portRange: Kind<PortRange> = {
  schema: z
    .string()
    .regex(/^\d{1,5}-\d{1,5}$/)
    .transform((range) => range.split('-').map(Number) as [number, number])
    .pipe(z.tuple([z.number().min(FIRST_FREE_PORT), z.number().max(LAST_PORT)]))
    .transform(([first, last]) => ({ first, last }))
    .refine(({ first, last }) => first <= last),
  allowed: `a range of ports between ${FIRST_FREE_PORT} and ${LAST_PORT}, such as 9100-9114`,
};
