import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TEMPORAL_CLI_VERSION, findTemporalCli, locateTemporalCli, temporalCacheDir } from '../../src/temporal/cli-binary.ts';
import type { CliInstaller, CliProgress } from '../../src/temporal/cli-binary.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { shellProgram, temporalLookalike } from '../support/programs.ts';

const failing = (reason: string): CliInstaller => ({
  source: 'downloaded',
  install: async () => {
    throw new Error(reason);
  },
});

function installing(calls: string[] = []): CliInstaller {
  return {
    source: 'built',
    async install({ into }) {
      calls.push(into);
      await temporalLookalike(join(into, 'temporal'));
    },
  };
}

describe('locateTemporalCli', () => {
  it('takes the configured program before the one on the PATH', async () => {
    await using folder = await temporaryDirectory();
    const explicit = await temporalLookalike(join(folder.path, 'mine'), '1.6.0', '1.30.2');
    await temporalLookalike(join(folder.path, 'bin', 'temporal'));
    const request = { explicit, env: { PATH: join(folder.path, 'bin') }, cacheDir: folder.path };
    expect(await locateTemporalCli(request)).toEqual({ path: explicit, version: '1.6.0', serverVersion: '1.30.2', source: 'configured' });
  });

  it('refuses a configured program that is missing, something else or too old, instead of taking another', async () => {
    await using folder = await temporaryDirectory();
    await temporalLookalike(join(folder.path, 'bin', 'temporal'));
    const explicits = [
      [join(folder.path, 'missing'), /not a program that can be run/],
      [await shellProgram(join(folder.path, 'other'), 'echo hello'), /does not answer `--version`/],
      [await temporalLookalike(join(folder.path, 'old'), '1.1.0', '1.25.0'), /version 1\.1\.0 \(server 1\.25\.0\), too old/],
    ] as const;
    for (const [explicit, message] of explicits) {
      const request = { explicit, env: { PATH: join(folder.path, 'bin') }, cacheDir: folder.path };
      await expect(findTemporalCli(request)).rejects.toMatchObject({
        code: 'configuration_invalid',
        message: expect.stringMatching(message) as string,
      });
    }
  });

  it('takes another version on the PATH if its server is new enough, whatever the CLI calls itself', async () => {
    await using folder = await temporaryDirectory();
    await temporalLookalike(join(folder.path, 'temporal'), '0.0.0-DEV', '1.29.0');
    const found = await locateTemporalCli({ env: { PATH: folder.path }, cacheDir: folder.path });
    expect(found).toMatchObject({ version: '0.0.0-DEV', source: 'path' });
  });

  it('passes over an old program on the PATH, says so, and takes the cached one', async () => {
    await using folder = await temporaryDirectory();
    await temporalLookalike(join(folder.path, 'bin', 'temporal'), '1.1.0', '1.24.2');
    await temporalLookalike(join(folder.path, 'cache', TEMPORAL_CLI_VERSION, 'temporal'));
    const said: CliProgress[] = [];
    const found = await locateTemporalCli({
      env: { PATH: join(folder.path, 'bin') },
      cacheDir: join(folder.path, 'cache'),
      onProgress: (progress) => said.push(progress),
    });
    expect(found).toMatchObject({ source: 'cache', version: '1.5.1' });
    expect(said.map(({ message }) => message)).toEqual([expect.stringContaining('1.1.0 (server 1.24.2), too old')]);
  });

  it('finds nothing on a machine without it', async () => {
    await using folder = await temporaryDirectory();
    expect(await locateTemporalCli({ env: {}, cacheDir: folder.path })).toBeUndefined();
  });
});

describe('findTemporalCli', () => {
  it('goes on to the next way when one fails, and keeps what it got for the next time', async () => {
    await using folder = await temporaryDirectory();
    const said: string[] = [];
    const request = { env: {}, cacheDir: folder.path, onProgress: ({ message }: CliProgress) => said.push(message) };
    const made = await findTemporalCli(request, [failing('no network'), installing()]);
    const path = join(folder.path, TEMPORAL_CLI_VERSION, 'temporal');
    expect(made).toEqual({ path, version: '1.5.1', serverVersion: '1.29.1', source: 'built' });
    expect(said).toEqual(['no network']);
    expect(await findTemporalCli(request, [])).toMatchObject({ path, source: 'cache' });
    expect((await readdir(folder.path)).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
  });

  it('gets the program once for starters at the same time', async () => {
    await using folder = await temporaryDirectory();
    const calls: string[] = [];
    const start = () => findTemporalCli({ env: {}, cacheDir: folder.path }, [installing(calls)]);
    const found = await Promise.all([start(), start(), start()]);
    expect(calls).toHaveLength(1);
    expect(found.map(({ source }) => source).toSorted()).toEqual(['built', 'cache', 'cache']);
  });

  it('removes what a killed installation left', async () => {
    await using folder = await temporaryDirectory();
    await mkdir(join(folder.path, '.tmp-dead'));
    await writeFile(join(folder.path, '.tmp-dead', 'half'), 'half');
    await findTemporalCli({ env: {}, cacheDir: folder.path }, [installing()]);
    expect(await readdir(folder.path)).not.toContain('.tmp-dead');
  });

  it('refuses what was installed but does not run', async () => {
    await using folder = await temporaryDirectory();
    const broken: CliInstaller = {
      source: 'downloaded',
      install: async ({ into }) => void (await shellProgram(join(into, 'temporal'), 'exit 126')),
    };
    await expect(findTemporalCli({ env: {}, cacheDir: folder.path }, [broken])).rejects.toThrow('does not run on this machine');
    expect(await locateTemporalCli({ env: {}, cacheDir: folder.path })).toBeUndefined();
  });

  it('says every reason and what to install when no way works', async () => {
    await using folder = await temporaryDirectory();
    const finding = findTemporalCli({ env: {}, cacheDir: folder.path }, [failing('no network'), failing('no Go')]);
    await expect(finding).rejects.toMatchObject({
      code: 'temporal_not_installed',
      message: expect.stringContaining('no network; no Go') as string,
      hint: expect.stringContaining('BELAY_TEMPORAL_CLI') as string,
    });
  });

  it('stops at once when it is aborted, without trying the next way', async () => {
    await using folder = await temporaryDirectory();
    const abort = new AbortController();
    const calls: string[] = [];
    const aborting: CliInstaller = {
      source: 'downloaded',
      install: async () => {
        abort.abort(new Error('interrupted'));
        throw new Error('the download was ended');
      },
    };
    const finding = findTemporalCli({ env: {}, cacheDir: folder.path, signal: abort.signal }, [aborting, installing(calls)]);
    await expect(finding).rejects.toThrow('interrupted');
    expect(calls).toEqual([]);
  });
});

describe('temporalCacheDir', () => {
  it("is the user's cache folder, wherever that is", () => {
    expect(temporalCacheDir({ HOME: '/home/ada' })).toBe('/home/ada/.cache/belay/temporal');
    expect(temporalCacheDir({ XDG_CACHE_HOME: '/cache' })).toBe('/cache/belay/temporal');
  });
});
