import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { serveUsage } from '../../src/temporal/dev-usage.ts';
import { readDevState, removeDevState, writeDevState } from '../../src/temporal/state-file.ts';
import type { DevState } from '../../src/temporal/state-file.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const state: DevState = {
  pid: process.pid,
  address: '127.0.0.1:7233',
  namespace: 'default',
  uiUrl: 'http://127.0.0.1:8233',
  controlPort: 1,
  startedAt: '2026-01-02T03:04:05.000Z',
  version: '0.1.0',
};

const serveForever = () => serveUsage({ graceMs: 600_000, onUnused: () => {} });

async function isThere(home: string): Promise<boolean> {
  return stat(join(home, 'dev.json')).then(
    () => true,
    () => false,
  );
}

describe('the state file of belay dev', () => {
  it('is read back while it is served, and only its owner may read it', async () => {
    await using home = await temporaryDirectory();
    await using control = await serveForever();
    const written = { ...state, controlPort: control.port };
    await writeDevState(home.path, written);
    expect(await readDevState(home.path)).toEqual(written);
    expect((await stat(join(home.path, 'dev.json'))).mode & 0o777).toBe(0o600);
  });

  it('is nothing where there is none', async () => {
    await using home = await temporaryDirectory();
    expect(await readDevState(home.path)).toBeUndefined();
  });

  it('is ignored and removed when its process is gone', async () => {
    await using home = await temporaryDirectory();
    await using control = await serveForever();
    const gone = execa('true');
    await gone;
    await writeDevState(home.path, { ...state, controlPort: control.port, pid: gone.pid ?? 0 });
    expect(await readDevState(home.path)).toBeUndefined();
    expect(await isThere(home.path)).toBe(false);
  });

  it('is ignored and removed when nobody answers, though the process number lives', async () => {
    await using home = await temporaryDirectory();
    await writeDevState(home.path, state);
    expect(await readDevState(home.path)).toBeUndefined();
    expect(await isThere(home.path)).toBe(false);
  });

  it('is ignored and removed when it is not what we write', async () => {
    await using home = await temporaryDirectory();
    for (const text of ['', 'no JSON', '{"pid":"1"}']) {
      await writeFile(join(home.path, 'dev.json'), text);
      expect(await readDevState(home.path)).toBeUndefined();
      expect(await isThere(home.path)).toBe(false);
    }
  });

  it('is removed by its own process only', async () => {
    await using home = await temporaryDirectory();
    await writeDevState(home.path, state);
    await removeDevState(home.path, process.pid + 1);
    expect(JSON.parse(await readFile(join(home.path, 'dev.json'), 'utf8'))).toEqual(state);
    await removeDevState(home.path, process.pid);
    expect(await isThere(home.path)).toBe(false);
  });
});
