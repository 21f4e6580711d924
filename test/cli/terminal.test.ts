import { describe, expect, it } from 'vitest';
import { createTerminal, describeError } from '../../src/cli/terminal.ts';
import { BelayError } from '../../src/contracts/errors.ts';

const HOSTILE = 'a\u001b]0;owned\u0007\n\tb\u001b[31mred\u009b2J';

function terminalOf({ isTTY }: { isTTY: boolean }) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({ isTTY, write: (text: string) => (written[name] += text) });
  const streams = { stdout: stream('stdout'), stderr: stream('stderr') };
  return { written, terminal: createTerminal(streams as unknown as NodeJS.Process) };
}

describe('the terminal', () => {
  it('is not steered by what agents and repositories say, on either output, and keeps lines and tabs', () => {
    const { terminal, written } = terminalOf({ isTTY: true });
    terminal.out(HOSTILE);
    terminal.note(HOSTILE);
    expect(written).toEqual({ stdout: 'a\n\tbred\n', stderr: 'a\n\tbred\n' });
  });

  it('gives programs exactly what they are to get', () => {
    const { terminal, written } = terminalOf({ isTTY: false });
    terminal.exact(HOSTILE);
    expect(terminal.piped).toBe(true);
    expect(written).toEqual({ stdout: `${HOSTILE}\n`, stderr: '' });
  });
});

describe('describeError', () => {
  it.each([
    ['an error made on purpose', new BelayError({ code: 'internal', message: HOSTILE, hint: HOSTILE })],
    ['any other error', new Error(HOSTILE)],
    ['what is no error', HOSTILE],
  ])('says %s in plain text', (_, error) => {
    const text = describeError(error);
    expect(text).toContain('bred');
    expect(text).not.toMatch(/[\u001b\u0007\u009b]/);
  });
});
