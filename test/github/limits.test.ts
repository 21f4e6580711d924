import { describe, expect, it } from 'vitest';
import { cutBody, isOurs, markerIn } from '../../src/github/limits.ts';

const LIMIT = 65_536;
const fences = (text: string): number => (text.match(/^```/gm) ?? []).length;

describe('cutBody', () => {
  it('leaves alone what fits', () => {
    const body = 'x'.repeat(LIMIT);
    expect(cutBody(body)).toBe(body);
  });

  it('closes code that it cuts through, and opens it again', () => {
    const log = 'a line of a log\n'.repeat(6000);
    const cut = cutBody(`Before.\n\n\`\`\`\n${log}\`\`\`\n\nAfter.`);
    expect(cut.length).toBeLessThanOrEqual(LIMIT);
    expect(fences(cut)).toBe(4);
    expect(cut).toMatch(/a line of a log\n```\n\n\*\*\[Cut here/);
    expect(cut).toMatch(/\]\*\*\n\n```\n\na line of a log\n/);
    expect(cut.endsWith('After.')).toBe(true);
  });

  it.each([
    ['one line', 'x'],
    ['characters of two units', '😀'],
  ])('cuts %s of any length', (_what, unit) => {
    const cut = cutBody(unit.repeat(200_000));
    expect(cut.length).toBeLessThanOrEqual(LIMIT);
    expect(cut.isWellFormed()).toBe(true);
  });
});

describe('a mark', () => {
  it('tells what Belay wrote', () => {
    expect(markerIn('x <!-- belay progress --> y <!-- belay github:a/b#1 -->')).toBe('<!-- belay github:a/b#1 -->');
    expect([isOurs('<!-- belay progress -->'), isOurs('belay progress'), isOurs(null)]).toEqual([true, false, false]);
  });
});
