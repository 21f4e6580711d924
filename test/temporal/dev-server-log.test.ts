import { readFile, stat, writeFile } from 'node:fs/promises';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openServerLog, reasonIn } from '../../src/temporal/dev-server-log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe('the server’s log', () => {
  it('goes on where it was, and its tail is what this server said', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'logs', 'temporal.log');
    for (const text of ['first\n', 'second\n']) {
      const log = await openServerLog(path);
      writeSync(log.fd, text);
      await log[Symbol.asyncDispose]();
      expect(await log.tail()).toBe(text);
    }
    expect(await readFile(path, 'utf8')).toBe('first\nsecond\n');
  });

  it('is put aside once it is large', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'temporal.log');
    await writeFile(path, Buffer.alloc(11 * 1024 * 1024));
    await using _log = await openServerLog(path);
    expect((await stat(path)).size).toBe(0);
    expect((await stat(`${path}.1`)).size).toBe(11 * 1024 * 1024);
  });
});

describe('reasonIn', () => {
  it('finds the error among what came before and after', () => {
    const lines = ['CLI 1.5.1', '{"level":"WARN","msg":"slow"}', '{"time":"x","level":"ERROR","msg":"port \\"7\\" is taken"}', 'bye'];
    expect(reasonIn(lines.join('\n'))).toBe('port "7" is taken');
    expect(reasonIn('one\npanic: out of ports\n\ngoroutine 1\n\tmain.go:18\n')).toBe('panic: out of ports');
    expect(reasonIn('one\ntwo\n')).toBe('two');
    expect(reasonIn('')).toBe('it said nothing');
  });
});
