import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createProgram, declareCommands } from '../src/cli/program.ts';
import { TOLD_TO_AGENTS } from '../src/config-variables.ts';
import { PHASES, PIPELINES } from '../src/contracts/constants.ts';

const ROOT = join(import.meta.dirname, '..');
const PAGES = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT }).toSorted();
/** Where a code span that begins so is meant as a path of this repository. */
const FOLDERS = /^(?:\.ci|bench|commands|deploy|docker|docs|integrations|lint|samples|scripts|src|test)\/[\w./-]*$/;

const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

interface Found {
  page: string;
  text: string;
}

function everywhere(pattern: RegExp): Found[] {
  return PAGES.flatMap((page) => [...textOf(page).matchAll(pattern)].map((match) => ({ page, text: match[1] ?? match[0] })));
}

/** Lines of shell blocks without their comments. */
const shellLines = (): Found[] =>
  everywhere(/```sh\n([\s\S]*?)```/g).flatMap(({ page, text }) =>
    text.split('\n').map((line) => ({ page, text: line.replace(/ +# .*$/, '').trim() })),
  );

/** As a shell would cut them: the examples have no escapes. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) => double ?? single ?? plain ?? '');

/** Commands that have commands below them, such as `belay pr`. */
const nothing = (): void => {};
const GROUPS = new Set(
  declareCommands({ env: {}, terminal: { live: false, piped: true, out: nothing, note: nothing, exact: nothing }, done: nothing })
    .commands.filter(({ commands }) => commands.length > 0)
    .map((command) => command.name()),
);

const leaves = (command: Command): Command[] => (command.commands.length > 0 ? command.commands.flatMap(leaves) : [command]);

/** Code spans, and lines of shell blocks. */
function code(): Found[] {
  const lines = shellLines();
  const spans = PAGES.flatMap((page) =>
    [
      ...textOf(page)
        .replaceAll(/```[\s\S]*?```/g, '')
        .matchAll(/`([^`\n]+)`/g),
    ].map(([, text = '']) => ({ page, text })),
  );
  return [...lines, ...spans];
}

/** As GitHub makes them of headings. */
const anchorsOf = (page: string): string[] =>
  [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

async function helpOf(command: readonly string[]): Promise<string | undefined> {
  const said: string[] = [];
  const terminal = { live: false, piped: true, out: (text: string) => void said.push(text), note: () => {}, exact: () => {} };
  const exitCode = await createProgram({ env: {}, terminal })([...command, '--help']);
  const help = said.join('\n');
  return exitCode === 0 && help.startsWith(`Usage: belay ${command.join(' ')}`) ? help : undefined;
}

describe('README and docs', () => {
  test('link to what is there', () => {
    const links = everywhere(/\]\((?!https?:)([^)]+)\)/g);
    const broken = links.filter(({ page, text }) => {
      const [path = '', anchor] = text.split('#');
      const target = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
      return !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
    });
    expect(links.length).toBeGreaterThan(20);
    expect(broken).toEqual([]);
  });

  test('name files that are there', () => {
    const named = code().filter(({ text }) => FOLDERS.test(text));
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter(({ text }) => !existsSync(join(ROOT, text)))).toEqual([]);
  });

  test('show commands and options that the command line has', async () => {
    const shown = code().flatMap(({ page, text }) => {
      const [, words] = /^(?:npx )?belay ([a-z].*)$/.exec(text) ?? /^npm run (demo -- .*)$/.exec(text) ?? [];
      return words === undefined ? [] : [{ page, text, words: words.split(' ') }];
    });
    expect(shown.length).toBeGreaterThan(30);
    for (const { page, text, words } of shown) {
      const command = words.slice(0, GROUPS.has(words[0] ?? '') ? 2 : 1);
      const help = await helpOf(command);
      expect(help, `${page}: ${text}`).toBeDefined();
      const options = words.slice(1).filter((word) => /^--?[a-z]/.test(word));
      for (const option of options) expect(help, `${page}: ${text}`).toMatch(new RegExp(`(?:^|[ ,])${option}(?:[ ,]|$)`, 'm'));
    }
  });

  test('show examples that the command line takes as they stand', async () => {
    const examples = shellLines().flatMap(({ page, text }) => {
      const [, words] = /^(?:[A-Z_]+=\S+ )*(?:npx )?belay (.+?)(?: >>? .+)?$/.exec(text) ?? [];
      return words === undefined ? [] : [{ page, text, words: wordsOf(words) }];
    });
    expect(examples.length).toBeGreaterThan(15);
    for (const { page, text, words } of examples) {
      const said: string[] = [];
      const terminal = { live: false, piped: true, out: () => {}, note: (line: string) => void said.push(line), exact: () => {} };
      const program = declareCommands({ env: {}, terminal, done: () => {} });
      let called = 0;
      for (const command of leaves(program)) command.action(() => void called++);
      await program.parseAsync(words, { from: 'user' }).catch(() => {});
      expect({ called, said }, `${page}: ${text}`).toEqual({ called: 1, said: [] });
    }
  });

  test('are all in the index', () => {
    const index = textOf('docs/README.md');
    const pages = PAGES.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md');
    expect(pages.length).toBeGreaterThan(4);
    expect(pages.filter((page) => !index.includes(`(${page.slice('docs/'.length)})`))).toEqual([]);
  });

  test('name pipelines and phases that exist, and every pipeline', () => {
    const named = (option: string): string[] =>
      everywhere(new RegExp(`--${option} ([a-zA-Z]+)`, 'g'))
        .map(({ text }) => text)
        .filter((text) => !/^[A-Z]+$/.test(text));
    expect(named('pipeline').filter((name) => !PIPELINES.some((known) => known === name))).toEqual([]);
    expect(named('phase').filter((name) => !PHASES.some((known) => known === name))).toEqual([]);
    const table = textOf('docs/pipelines.md');
    expect(PIPELINES.filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
  });

  test('name npm scripts that exist', () => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(textOf('package.json')));
    const named = code().flatMap(({ text }) => [...text.matchAll(/npm run ([a-z][a-z\d:]*)/g)].map(([, name = '']) => name));
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  test('name settings that exist, with their defaults', () => {
    const known = textOf('.env.example');
    const named = everywhere(/\b(BELAY_[A-Z_]+[A-Z])\b/g);
    expect(named.length).toBeGreaterThan(20);
    const isKnown = (text: string): boolean =>
      known.includes(`# ${text}=`) || known.includes(`from a file, by ${text}.`) || TOLD_TO_AGENTS.includes(text);
    expect(named.filter(({ text }) => !isKnown(text))).toEqual([]);
    const rows = [...textOf('README.md').matchAll(/^\| `([A-Z_]+)` \| (?:`([^`]+)`)? ?\|/gm)];
    expect(rows.length).toBeGreaterThan(3);
    for (const [, name, value] of rows)
      expect(textOf('docs/settings.md')).toContain(`| \`${name}\` | ${value === undefined ? '' : `\`${value}\``} |`);
  });
});

test('decisions stay short, and are listed', () => {
  const decisions = PAGES.filter((page) => /^docs\/adr\/\d/.test(page));
  const list = textOf('docs/adr/README.md');
  expect(decisions.length).toBeGreaterThan(5);
  for (const page of decisions) {
    expect(textOf(page).split('\n').length, page).toBeLessThanOrEqual(41);
    expect(list).toContain(`(${page.slice('docs/adr/'.length)})`);
  }
});
