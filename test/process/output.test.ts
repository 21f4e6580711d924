import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProcessOutput } from '../../src/process/output.ts';
import { createProcessTrees } from '../../src/process/process-trees.ts';
import type { ProcessEnd, ProcessRequest } from '../../src/process/process-request.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

async function run(script: string, rest: Partial<ProcessRequest> = {}): Promise<ProcessEnd> {
  await using trees = await createProcessTrees({ bootId: `output-${process.pid}` });
  return await trees.run({ file: 'sh', args: ['-c', script], cwd: '/', env: { PATH: '/usr/bin:/bin' }, ...rest });
}

describe('the output of a child', () => {
  it('comes line by line, without a carriage return, with empty and unfinished lines', async () => {
    const lines: string[] = [];
    await run(String.raw`printf 'a\r\n\nb\nlast'`, { onLine: (line) => lines.push(line) });
    expect(lines).toEqual(['a', '', 'b', 'last']);
  });

  it('survives a line of 100 MB in little memory, and goes on after it', async () => {
    const lengths: number[] = [];
    const before = process.memoryUsage.rss();
    let most = 0;
    const end = await run(`head -c 104857600 /dev/zero | tr '\\0' x; echo; echo after`, {
      maxLineBytes: 1000,
      onLine: (line) => {
        lengths.push(line.length);
        most = Math.max(most, process.memoryUsage.rss());
      },
    });
    expect(lengths).toEqual([1000, 5]);
    expect(end.stdoutTail.length).toBe(16 * 1024);
    expect(end.stdoutTail.endsWith('x\nafter\n')).toBe(true);
    expect(most - before).toBeLessThan(90 * 1024 * 1024);
  });

  it('delivers hundred thousand short lines in order', async () => {
    let expected = 1;
    await run('seq 100000', {
      onLine: (line) => {
        if (line === String(expected)) expected++;
      },
    });
    expect(expected).toBe(100_001);
  });

  it('lets lines that came together be written together, the unfinished last one too', async () => {
    const written: string[] = [];
    let waiting = '';
    await run(String.raw`seq 100000; printf end`, {
      onLine: (line) => (waiting += `${line} `),
      onLines: () => {
        written.push(waiting);
        waiting = '';
      },
    });
    expect(written.join('').split(' ').slice(-3)).toEqual(['100000', 'end', '']);
    expect(written.length).toBeLessThan(10_000);
  });

  it('turns invalid UTF-8 into replacement characters and keeps characters whole across chunks', async () => {
    const lines: string[] = [];
    await run(String.raw`printf 'bad \377\376 byte\n'; printf 'gr\303'; sleep 0.05; printf '\274n\n'`, {
      onLine: (line) => lines.push(line),
    });
    expect(lines).toEqual(['bad \uFFFD\uFFFD byte', 'grün']);
  });

  it('is kept in a file up to its limit, with a note about the rest', async () => {
    await using folder = await temporaryDirectory();
    const outputFile = join(folder.path, 'output.log');
    await run('echo one; echo two >&2', { outputFile });
    await run('seq 1000', { outputFile, maxOutputBytes: 8 });
    const text = await readFile(outputFile, 'utf8');
    expect(text.slice(0, 8).split('\n').toSorted().join(' ').trim()).toBe('one two');
    expect(text.slice(8)).toBe('1\n2\n3\n4\n\n[output limit reached; the rest was left out]\n');
  });

  it('ends with a typed error when the disk is full', async () => {
    await expect(run('echo more', { outputFile: '/dev/full' })).rejects.toMatchObject({ name: 'BelayError', code: 'disk_full' });
  });

  it('does not fail when the child leaves its input unread', async () => {
    expect(await run('exit 0', { stdin: 'x'.repeat(1_000_000) })).toMatchObject({ exitCode: 0, reason: 'exited' });
  });
});

describe('what a child may not say', () => {
  const forms = ['s3cret-key', 'other-key'].map((each) => Buffer.from(each));
  const forbidden = () => forms;

  it.each([1, 3, 7, 1000])('is in no line, file and tail, in pieces of %i bytes', async (size) => {
    await using folder = await temporaryDirectory();
    const outputFile = join(folder.path, 'output');
    const lines: string[] = [];
    using output = new ProcessOutput({ file: '', args: [], cwd: '', env: {}, outputFile, onLine: (line) => lines.push(line) }, forbidden);
    const text = Buffer.from('a s3cret-key b\nes3cret-kes3cret-keyss3cret-\n\u00e4other-key\u00ff s3cre');
    for (let at = 0; at < text.length; at += size) output.push(text.subarray(at, at + size), 'stdout');
    output.finish((error) => expect.unreachable(String(error)));
    const clean = ['a [redacted] b', 'es3cret-ke[redacted]ss3cret-', '\u00e4[redacted]\u00ff s3cre'];
    expect(lines).toEqual(clean);
    expect(output.tails().stdoutTail).toBe(clean.join('\n'));
    expect(await readFile(outputFile, 'utf8')).toBe(clean.join('\n'));
  });
});
