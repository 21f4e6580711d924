import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entryOf, ERRORS } from '../../src/contracts/error-catalogue.ts';
import type { ErrorCode } from '../../src/contracts/error-catalogue.ts';
import { BelayError } from '../../src/contracts/errors.ts';

const SOURCE = join(import.meta.dirname, '../../src');
const CODES = Object.keys(ERRORS) as ErrorCode[];

/** The source without the catalogue. That every code which is thrown is in the catalogue, the compiler sees to. */
const text = globSync('**/*.ts', { cwd: SOURCE })
  .filter((file) => !file.endsWith('error-catalogue.ts'))
  .map((file) => readFileSync(join(SOURCE, file), 'utf8'))
  .join('\n');

describe('the catalogue of errors', () => {
  it.each(CODES)('has %s because something is it, and says what it means and what to do', (code) => {
    const { meaning, hint } = entryOf(code);
    expect(text).toContain(`'${code}'`);
    for (const sentence of [meaning, hint]) expect(sentence).toMatch(/^[A-Z`].*\.$/);
    // A row of a table in docs/errors.md.
    expect(meaning + hint).not.toContain('|');
  });

  it('gives its hint to an error that was thrown without one, and no other', () => {
    expect(new BelayError({ code: 'disk_full', message: 'Full.' }).hint).toBe(entryOf('disk_full').hint);
    expect(new BelayError({ code: 'disk_full', message: 'Full.', hint: 'Buy one.' }).hint).toBe('Buy one.');
  });
});
