import { execFile } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { OUTPUT_SCHEMAS } from '../../src/contracts/agent-outputs.ts';
import { COMMANDS } from '../../src/contracts/constants.ts';
import type { CommandName } from '../../src/contracts/constants.ts';
import { editsOf } from '../../src/engines/scripted-edits.ts';
import { loadScript } from '../../src/engines/script.ts';
import type { ScriptTurn } from '../../src/engines/script.ts';
import { createLocalForge } from '../../src/forges/local.ts';
import { loadCommand } from '../../src/prompts/prompt.ts';
import { createLocalTracker } from '../../src/trackers/local.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const samples = join(import.meta.dirname, '../../samples');
const script = loadScript(join(samples, 'shop.script.yml'));

const turn = (command: CommandName, index = 0): ScriptTurn => script[command]?.[index] ?? {};

interface Shop extends AsyncDisposable {
  path: string;
  /** Makes the edits of these commands' first turns. */
  play(...commands: CommandName[]): Promise<void>;
  /** The names of the tests that fail. */
  failing(): Promise<string[]>;
  start(...coupons: string[]): Promise<string>;
  /** Of the files that the script edits. */
  texts(): Promise<string[]>;
}

async function shop(): Promise<Shop> {
  const directory = await temporaryDirectory();
  const path = join(directory.path, 'shop');
  await cp(join(samples, 'shop'), path, { recursive: true });
  const manifest = JSON.parse(await readFile(join(path, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const sh = (command: string): ReturnType<typeof shell> => shell(command, path);
  return {
    path,
    play: async (...commands) => {
      for (const command of commands) await edit(path, turn(command));
    },
    failing: async () => {
      const { stdout } = await sh(manifest.scripts['test'] ?? '');
      const names = [...stdout.matchAll(/^✖ (.*) \(\d.*ms\)$/gm)].map((match) => match[1] ?? '');
      expect(stdout).toMatch(/^ℹ tests (1[5-9]|2\d)$/m);
      return [...new Set(names)];
    },
    start: async (...coupons) => (await sh(`${manifest.scripts['start']} ${coupons.join(' ')}`)).stdout,
    texts: () => Promise.all(EDITED.map((name) => readFile(join(path, name), 'utf8'))),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** Failing tests are a result here; their exit code is not an error. */
async function shell(command: string, cwd: string): Promise<{ stdout: string; code: number }> {
  const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH']}` };
  try {
    return { stdout: (await promisify(execFile)('/bin/sh', ['-c', command], { cwd, env })).stdout, code: 0 };
  } catch (error) {
    const { stdout, code } = error as { stdout: string; code: number };
    return { stdout, code };
  }
}

async function edit(workspace: string, turn: ScriptTurn, isReplay = false): Promise<void> {
  for (const { apply } of editsOf(turn, { workspace, isReplay })) apply();
  if (turn.run !== undefined) expect((await shell(turn.run, workspace)).code, turn.run).toBe(0);
}

const EDITED = ['src/discounts.js', 'test/discounts.test.js', 'test/checkout.test.js', 'test/receipt.test.js', 'CHANGELOG.md', 'README.md'];
const ORDER = 'takes percentages before fixed amounts, in whatever order they were entered';
const RECEIPT = 'lists coupons in the order in which they were entered';

describe('the sample project', () => {
  test('passes its tests, has the bug of its issue, and loses it to the script', async () => {
    await using at = await shop();
    expect(await at.failing()).toEqual([]);
    expect(await at.start('TEA10', 'GIFT25')).toMatch(/^Total +1\.41$/m);
    expect(await at.start('GIFT25', 'TEA10')).toMatch(/^Total +3\.91$/m);

    await at.play('implement', 'resolve-failed-test', 'resolve-review-issue', 'document');
    expect(await at.failing()).toEqual([]);
    expect(await at.start('TEA10', 'GIFT25')).toMatch(/^Coupons TEA10, GIFT25 .*-23\.90\n.*\nTotal +4\.90$/m);
    expect(await at.start('GIFT25', 'TEA10')).toMatch(/^Coupons GIFT25, TEA10 .*-23\.90\n.*\nTotal +4\.90$/m);
    expect(await readFile(join(at.path, 'CHANGELOG.md'), 'utf8')).toMatch(/## Unreleased\n\n### Added\n[^#]*### Fixed\n\n- Coupons/);
    expect(await readFile(join(at.path, 'README.md'), 'utf8')).toMatch(/each can be used once\.\n- Percentages are taken first/);
  });

  test('has one failing test after the first fix, which the next turn resolves', async () => {
    await using at = await shop();
    await at.play('implement');
    expect(await at.failing()).toEqual([ORDER]);
    await at.play('resolve-failed-test');
    expect(await at.failing()).toEqual([]);
  });

  test('has a real blocker: the test that its resolution adds fails before', async () => {
    await using at = await shop();
    await at.play('implement', 'resolve-failed-test');
    await edit(at.path, { write: turn('resolve-review-issue').write ?? {} });
    expect(await at.failing()).toEqual([RECEIPT]);
    await at.play('resolve-review-issue');
    expect(await at.failing()).toEqual([]);
  });

  test('comes out the same when a killed turn is played again', async () => {
    await using at = await shop();
    const commands = ['implement', 'resolve-failed-test', 'resolve-review-issue', 'document'] as const;
    for (const command of commands) {
      await at.play(command);
      const before = await at.texts();
      await edit(at.path, turn(command), true);
      expect(await at.texts()).toEqual(before);
    }
  });

  test('has an issue that can be filed', async () => {
    await using directory = await temporaryDirectory();
    const home = directory.path;
    const repository = await createLocalForge({ home }).register({ path: join(samples, 'shop') });
    const issue = await createLocalTracker({ home }).fileIssue({ repository, path: join(samples, 'shop.issue.md') });
    expect(issue).toMatchObject({ title: expect.stringContaining('Coupons') as string, labels: ['bug', 'checkout'] });
  });
});

describe("the sample's script", () => {
  test('has turns for every command and plays in less than 15 seconds', () => {
    expect(Object.keys(script).toSorted()).toEqual(COMMANDS.toSorted());
    const delays = Object.values(script).flatMap((turns) => turns.map(({ delayMs = 0 }) => delayMs));
    expect(delays.reduce((sum, delay) => sum + delay, 0)).toBeLessThan(15_000);
  });

  test('asks for no more than its commands may do', () => {
    for (const name of COMMANDS) {
      const { permissions } = loadCommand({ name });
      for (const { write, replace, run } of script[name] ?? []) {
        if (write || replace) expect(permissions, name).toContain('edit');
        if (run !== undefined) expect(permissions, name).toContain('run');
      }
    }
  });

  test('answers in the shapes that are asked for', () => {
    expect(OUTPUT_SCHEMAS.classify.parse(turn('classify').json).class).toBe('bug');
    expect(OUTPUT_SCHEMAS['pull-request'].parse(turn('pull-request').json).body).toContain('## Why');
    const reviews = (script['review'] ?? []).map(({ json }) => OUTPUT_SCHEMAS.review.parse(json));
    expect(reviews.map(({ passed }) => passed)).toEqual([false, true]);
    expect(reviews.map(({ issues }) => issues.map(({ severity }) => severity))).toEqual([['blocker', 'tech_debt'], ['tech_debt']]);
  });

  test('has a conventional commit message', () => {
    const [subject = '', blank, ...rest] = (turn('commit-message').say ?? '').split('\n');
    expect(subject).toMatch(/^fix\([a-z]+\): [a-z].{1,58}[^.]$/);
    expect(blank).toBe('');
    expect(Math.max(...rest.map((line) => line.length))).toBeLessThanOrEqual(72);
  });
});
