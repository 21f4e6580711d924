import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { buildCli } from '../../src/temporal/cli-build.ts';
import type { InstallRequest } from '../../src/temporal/cli-binary.ts';
import { archiveName, downloadCli } from '../../src/temporal/cli-download.ts';
import { shellProgram, temporalLookalike } from '../support/programs.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const version = '9.9.9';

type OnConnect = (incoming: IncomingMessage, socket: Duplex) => void;

async function serving(handler: RequestListener, onConnect?: OnConnect): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  if (onConnect) server.on('connect', onConnect);
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function release(folder: string): Promise<{ archive: Buffer; checksums: Record<string, string> }> {
  await temporalLookalike(join(folder, 'release', 'temporal'), version);
  const path = join(folder, 'release.tar.gz');
  await execa('tar', ['-czf', path, '-C', join(folder, 'release'), 'temporal']);
  const archive = await readFile(path);
  return { archive, checksums: { [archiveName(version)]: createHash('sha256').update(archive).digest('hex') } };
}

async function request(folder: string, more: Partial<InstallRequest> = {}): Promise<InstallRequest> {
  const into = join(folder, 'into');
  await mkdir(into, { recursive: true });
  return { version, into, env: { PATH: process.env['PATH'] }, onProgress: () => {}, ...more };
}

describe('downloadCli', () => {
  it('downloads and unpacks the release for this platform', async () => {
    await using folder = await temporaryDirectory();
    const { archive, checksums } = await release(folder.path);
    const asked: (string | undefined)[] = [];
    await using server = await serving((incoming, answer) => {
      asked.push(incoming.url);
      answer.end(archive);
    });
    const { into } = await request(folder.path);
    await downloadCli(await request(folder.path), { baseUrl: server.url, checksums });
    expect(asked).toEqual([`/v${version}/${archiveName(version)}`]);
    expect(await readdir(into)).toEqual(['temporal']);
    expect((await execa(join(into, 'temporal'))).stdout).toContain(version);
  });

  it('refuses a file that is not the published one', async () => {
    await using folder = await temporaryDirectory();
    const { checksums } = await release(folder.path);
    await using server = await serving((_, answer) => answer.end('something else'));
    const downloading = downloadCli(await request(folder.path), { baseUrl: server.url, checksums });
    await expect(downloading).rejects.toThrow('is not the published file');
  });

  it('says what the server answered', async () => {
    await using folder = await temporaryDirectory();
    const { checksums } = await release(folder.path);
    await using server = await serving((_, answer) => answer.writeHead(403).end());
    await expect(downloadCli(await request(folder.path), { baseUrl: server.url, checksums })).rejects.toThrow('answered 403');
  });

  it('gives up on a server that never answers', async () => {
    await using folder = await temporaryDirectory();
    const { checksums } = await release(folder.path);
    await using server = await serving(() => {});
    const downloading = downloadCli(await request(folder.path), { baseUrl: server.url, checksums, stallMs: 300 });
    await expect(downloading).rejects.toThrow('made no progress for 0.3 s');
  });

  it('goes through the proxy of the environment', async () => {
    await using folder = await temporaryDirectory();
    const { checksums } = await release(folder.path);
    const asked: (string | undefined)[] = [];
    const onConnect = (incoming: IncomingMessage, socket: Duplex): void => {
      asked.push(incoming.url);
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    };
    await using proxy = await serving(() => {}, onConnect);
    const env = { PATH: process.env['PATH'], HTTPS_PROXY: proxy.url };
    const downloading = downloadCli(await request(folder.path, { env }), { baseUrl: 'https://temporal.invalid', checksums });
    await expect(downloading).rejects.toThrow('the download of Temporal 9.9.9 failed');
    expect(asked).toEqual(['temporal.invalid:443']);
  });

  it('ends when it is aborted', async () => {
    await using folder = await temporaryDirectory();
    const { checksums } = await release(folder.path);
    const abort = new AbortController();
    await using server = await serving(() => abort.abort(new Error('interrupted')));
    const downloading = downloadCli(await request(folder.path, { signal: abort.signal }), { baseUrl: server.url, checksums });
    await expect(downloading).rejects.toThrow('interrupted');
  });

  it('knows which platforms have no download', async () => {
    await using folder = await temporaryDirectory();
    await expect(downloadCli(await request(folder.path), { checksums: {} })).rejects.toThrow(`no download of Temporal ${version}`);
  });
});

describe('buildCli', () => {
  it('has Go install the very version into the folder, with its number built in', async () => {
    await using folder = await temporaryDirectory();
    await shellProgram(join(folder.path, 'bin', 'go'), 'echo compiling >&2\nfor word in "$@"; do echo "$word"; done > "$GOBIN/temporal"');
    const said: string[] = [];
    const building = await request(folder.path, {
      env: { PATH: `${join(folder.path, 'bin')}:/usr/bin:/bin` },
      onProgress: ({ message }) => said.push(message),
    });
    await buildCli(building);
    const words = (await readFile(join(building.into, 'temporal'), 'utf8')).trim().split('\n');
    expect(words).toEqual([
      'install',
      '-v',
      '-ldflags',
      `-X github.com/temporalio/cli/temporalcli.Version=${version}`,
      `github.com/temporalio/cli/cmd/temporal@v${version}`,
    ]);
    expect(said[0]).toMatch(/building Temporal 9\.9\.9 with Go/);
  });

  it('says what Go said last when it fails', async () => {
    await using folder = await temporaryDirectory();
    await shellProgram(join(folder.path, 'go'), 'echo first >&2\necho "go: no such module" >&2\nexit 1');
    await expect(buildCli(await request(folder.path, { env: { PATH: folder.path } }))).rejects.toThrow('go: no such module');
  });

  it('says that there is no Go', async () => {
    await using folder = await temporaryDirectory();
    await expect(buildCli(await request(folder.path, { env: { PATH: folder.path } }))).rejects.toThrow('not on the PATH');
  });

  it('ends Go when it is aborted', async () => {
    await using folder = await temporaryDirectory();
    await shellProgram(join(folder.path, 'bin', 'go'), 'echo compiling >&2\nexec sleep 300');
    const abort = new AbortController();
    const building = buildCli(
      await request(folder.path, {
        env: { PATH: `${join(folder.path, 'bin')}:/usr/bin:/bin` },
        signal: abort.signal,
        onProgress: () => abort.abort(new Error('interrupted')),
      }),
    );
    await expect(building).rejects.toThrow('interrupted');
  });
});
