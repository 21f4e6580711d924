import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { markedProcesses } from '../../src/process/process-table.ts';
import { project } from './project.ts';

const PATH = process.env['PATH'] ?? '';
const MIB = 1024 * 1024;

function newMark(): { env: Record<string, string>; alive: () => Promise<number[]> } {
  const value = randomUUID();
  return { env: { PATH, CHECK_UNDER_TEST: value }, alive: () => markedProcesses(`CHECK_UNDER_TEST=${value}`) };
}

describe('a test command', () => {
  it('that hangs is ended with everything that it started', async () => {
    await using sample = await project({});
    const { env, alive } = newMark();
    const result = await sample.check('setsid sleep 300 & sleep 300', { env, timeoutMs: 300 });
    expect(result).toMatchObject({
      passed: false,
      ended: 'timed_out',
      failures: [{ error: expect.stringMatching(/^Did not end within/) }],
    });
    expect(await alive()).toEqual([]);
  });

  it('that leaves a server behind, which holds its output open, ends when it ends', async () => {
    await using sample = await project({});
    const { env, alive } = newMark();
    const result = await sample.check('setsid sleep 300 & echo tested', { env });
    expect(result).toMatchObject({ passed: true, exitCode: 0, outputTail: 'tested\n' });
    expect(await alive()).toEqual([]);
  });

  it('that prints 1 GB fills neither memory nor disk', async () => {
    await using sample = await project({});
    const outputFile = join(sample.path, 'output.log');
    const before = process.memoryUsage.rss();
    const result = await sample.check('yes | head -c 1000000000; exit 1', { outputFile });
    expect(result).toMatchObject({ passed: false, exitCode: 1 });
    expect(process.memoryUsage.rss() - before).toBeLessThan(150 * MIB);
    expect((await stat(outputFile)).size).toBeLessThan(65 * MIB);
    expect(result.failures[0]?.error?.length).toBeLessThanOrEqual(4096);
  });

  it('that prints a line of 100 MB is read to its end', async () => {
    await using sample = await project({});
    const before = process.memoryUsage.rss();
    // A runner whose output is read line by line.
    const result = await sample.check(`head -c 104857600 /dev/zero | tr '\\0' x; echo; echo after; false && cargo test; exit 4`);
    expect(result).toMatchObject({ exitCode: 4 });
    expect(result.outputTail.endsWith('x\nafter\n')).toBe(true);
    expect(process.memoryUsage.rss() - before).toBeLessThan(150 * MIB);
  });

  it('finds no terminal, and nothing to read', async () => {
    await using sample = await project({});
    const result = await sample.check(
      'for fd in 0 1 2; do test -t $fd && echo "terminal $fd"; done; (: < /dev/tty) 2>/dev/null && echo tty; read -r line || echo "end of input"',
    );
    expect(result).toMatchObject({ passed: true, outputTail: 'end of input\n' });
  });

  it('that prints invalid UTF-8 is quoted with replacement characters', async () => {
    await using sample = await project({});
    const { failures } = await sample.check(String.raw`printf 'bad \377\376 byte\n'; exit 1`);
    expect(failures[0]?.error).toBe('Exit code 1.\nbad \uFFFD\uFFFD byte');
  });

  it('cannot colour, move or rename what is shown of it', async () => {
    await using sample = await project({});
    const { failures } = await sample.check(String.raw`printf '\033]0;title\007\033[2J\033[31mred\033[0m\n'; exit 1`);
    expect(failures[0]?.error).toBe('Exit code 1.\nred');
  });

  it('that kills itself is told by its signal', async () => {
    await using sample = await project({});
    const { failures, exitCode } = await sample.check('kill -9 $$');
    expect([null, 137]).toContain(exitCode);
    expect(failures[0]?.error).toMatch(/SIGKILL|137/);
  });

  it('that removes its own folder has failed, and no more', async () => {
    await using sample = await project({ 'api/a': '' });
    expect(await sample.check('rm -rf ../api; exit 2', { workingDirectory: 'api' })).toMatchObject({ passed: false, exitCode: 2 });
  });

  it('that leaves a device, a link to all files or a giant in place of a report has no report', async () => {
    await using sample = await project({});
    const result = await sample.check(
      'mkdir -p reports; ln -s / reports/all; mkfifo reports/junit.xml; truncate -s 1G reports/test.xml; exit 1',
    );
    expect(result).toMatchObject({ passed: false, exitCode: 1, failures: [{ error: expect.stringContaining('Exit code 1.') }] });
  });
});

describe('a repository of many packages', () => {
  const files = {
    'packages/api/package.json': JSON.stringify({ type: 'module', scripts: { test: 'node --test' } }),
    'packages/api/test/a.test.js': `import test from 'node:test';\ntest('adds', () => { throw new Error('no'); });`,
    'package.json': JSON.stringify({ scripts: { test: 'exit 9' } }),
  };

  it('is checked in one folder, with files named from the root and commands for that folder', async () => {
    await using sample = await project(files);
    const result = await sample.check('npm test', { workingDirectory: 'packages/api' });
    expect(result).toMatchObject({
      exitCode: 1,
      failures: [{ name: 'adds', file: 'packages/api/test/a.test.js', command: `node --test --test-name-pattern='^adds$' test/a.test.js` }],
      tests: [{ file: 'packages/api/test/a.test.js' }],
    });
    const alone = await sample.check(result.failures[0]?.command ?? '', { workingDirectory: 'packages/api' });
    expect(alone.counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it.each(['packages/none', '..', '../..', 'package.json'])('refuses the folder %s', async (workingDirectory) => {
    await using sample = await project(files);
    await expect(sample.check('true', { workingDirectory })).rejects.toMatchObject({
      code: 'settings_invalid',
      message: expect.stringContaining(workingDirectory),
    });
  });
});
