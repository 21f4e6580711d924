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

  it.each([
    ['a recipe', 'test: build\n\t@pytest -q\n', 'pytest -q'],
    [
      'several lines and variables',
      'PY := python3\nARGS = -x \\\n  -q\ntest::\n\t-true\n\t$(PY) -m pytest ${ARGS}\n\nlint:\n\tfalse\n',
      'true && python3 -m pytest -x  -q',
    ],
    ['scripts behind it', 'test:\n\tnpm test\n', 'vitest run'],
  ])('sees through make with %s, and passes it no arguments', async (_, makefile, line) => {
    const texts: Record<string, string> = { Makefile: makefile, 'package.json': JSON.stringify({ scripts: { test: 'vitest run' } }) };
    expect(await resolveInvocation({ command: 'make test', readFile: async (path) => texts[path] })).toMatchObject({
      line,
      takesArguments: false,
    });
  });

  it('follows scripts into another folder, where others hold', async () => {
    const texts: Record<string, string> = {
      'package.json': JSON.stringify({ scripts: { test: 'cd web && npm run unit', unit: 'jest' } }),
      'web/package.json': JSON.stringify({ scripts: { unit: 'vitest run' } }),
    };
    expect(await resolveInvocation({ command: 'npm test', readFile: async (path) => texts[path] })).toMatchObject({
      folder: 'web',
      line: 'vitest run',
    });
  });

  it.each(['npm run lint && cd web && vitest', 'cd ../other && vitest', '(cd web; vitest)'])(
    'does not guess the folder of `%s`',
    async (script) => {
      expect(await resolve('npm test', { test: script })).toMatchObject({ folder: '', line: 'npm test' });
    },
  );

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
