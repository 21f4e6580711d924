import { describe, expect, it } from 'vitest';
import { resolveInvocation } from '../../src/checks/invocation.ts';
import { commandsOf, quote, wordsOf } from '../../src/checks/shell.ts';

const resolve = (command: string, scripts: Record<string, string>, folder = '') =>
  resolveInvocation({
    command,
    readFile: async (path) => (path === `${folder}package.json` ? JSON.stringify({ scripts }) : undefined),
  });

describe('resolveInvocation', () => {
  it.each([
    ['npm test', 'npm test -- -x'],
    ['npm t', 'npm t -- -x'],
    ['npm run test', 'npm run test -- -x'],
    ['npm test -- --bail', 'npm test -- --bail -x'],
    ['pnpm test', 'pnpm test -x'],
    ['pnpm run test', 'pnpm run test -x'],
    ['yarn test', 'yarn test -x'],
  ])('sees through `%s` and knows how arguments reach the runner', async (command, longer) => {
    const invocation = await resolve(command, { test: 'vitest run' });
    expect(invocation.line).toBe('vitest run');
    expect(invocation.withArguments('-x')).toBe(longer);
  });

  it.each(['npm install', 'npx vitest', 'yarn vitest', 'make test', 'vitest run'])('takes `%s` as it is', async (command) => {
    const invocation = await resolve(command, { test: 'jest', install: 'jest' });
    expect(invocation.line).toBe(command);
    expect(invocation.withArguments('-x')).toBe(`${command} -x`);
  });

  it('reads the package of the folder that the command goes to', async () => {
    expect(await resolve('cd web/app && npm test', { test: 'jest' }, 'web/app/')).toMatchObject({ folder: 'web/app', line: 'jest' });
  });
});

describe('shell', () => {
  it.each([
    ['a && b || c; d | e', ['a', 'b', 'c', 'd', 'e']],
    [`a 'x && y' "z | \\" w" 2>&1 && b`, [`a 'x && y' "z | \\" w" 2>&1`, 'b']],
    ['', []],
  ])('takes %j apart', (line, commands) => {
    expect(commandsOf(line)).toEqual(commands);
  });

  it('keeps quoted words whole', () => {
    expect(wordsOf(`run --name='a b' "c d" e\\ f`)).toEqual(['run', `--name='a b'`, '"c d"', 'e\\ f']);
  });

  it.each(['plain/path.ts', `it's "$HOME" \`x\` \\ !`, '', 'two words'])('quotes %j for the shell', (word) => {
    const quoted = quote(word);
    expect(wordsOf(quoted).length).toBe(1);
    expect(quoted === word || quoted.startsWith("'")).toBe(true);
  });
});
