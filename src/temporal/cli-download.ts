import { rm } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { InstallRequest } from './cli-binary.ts';

const RELEASES = 'https://github.com/temporalio/cli/releases/download';
/** Published with the release; what was downloaded must be exactly this. */
const SHA256: Record<string, string> = {
  'temporal_cli_1.5.1_linux_amd64.tar.gz': 'ddc95e08b0b076efd4ea9733a3f488eb7d2be875f8834e616cd2a37358b4852d',
  'temporal_cli_1.5.1_linux_arm64.tar.gz': 'bd1b0db9f18b051026de8bf6cc1505f2510f14bbb7a8b9a4a91fff46c77454f5',
  'temporal_cli_1.5.1_darwin_amd64.tar.gz': 'bbb73e2a31135abe50a1f1cdb35030c42961df618e8ce9c60ae89f201540c5d9',
  'temporal_cli_1.5.1_darwin_arm64.tar.gz': 'cca01b7ea35ad56e2a328d9ae596bf716bd22313ef63c7a761c88354457c2415',
};
/** Behind a proxy that never answers a download would hang for minutes. */
const STALL_MS = 15_000;
const PROGRAM = fileURLToPath(new URL(`./fetch-file${extname(import.meta.url)}`, import.meta.url));

export interface ReleaseSource {
  baseUrl?: string;
  checksums?: Record<string, string>;
  stallMs?: number;
}

/** Downloads the release for this platform and unpacks it. Rejects after 15 s without progress. */
export async function downloadCli(request: InstallRequest, source: ReleaseSource = {}): Promise<void> {
  const { baseUrl = RELEASES, checksums = SHA256, stallMs = STALL_MS } = source;
  const { version, into, signal } = request;
  const name = archiveName(version);
  const sha256 = checksums[name];
  if (!sha256) throw new Error(`there is no download of Temporal ${version} for ${platform()} on ${arch()}`);
  const archive = join(into, name);
  await fetchFile({ ...request, url: `${baseUrl}/v${version}/${name}`, archive, sha256, stallMs });
  // bsdtar and GNU tar alike; both are part of their systems.
  await execa('tar', ['-xzf', archive, '-C', into, 'temporal'], { stdin: 'ignore', ...(signal && { cancelSignal: signal }) });
  await rm(archive);
}

export function archiveName(version: string): string {
  return `temporal_cli_${version}_${platform()}_${arch() === 'x64' ? 'amd64' : arch()}.tar.gz`;
}

interface FetchRequest extends InstallRequest {
  url: string;
  archive: string;
  sha256: string;
  stallMs: number;
}

/** In a process of its own: a name look-up that hangs can only be ended by ending the process. */
async function fetchFile({ version, url, archive, sha256, stallMs, env, onProgress, signal }: FetchRequest): Promise<void> {
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(), stallMs);
  const child = execa(process.execPath, [PROGRAM, url, archive, sha256], {
    // Node's own fetch uses a proxy only when told.
    env: { ...env, NODE_USE_ENV_PROXY: '1' },
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    cancelSignal: signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal,
    forceKillAfterDelay: 1000,
  });
  try {
    onProgress({ phase: 'downloading', message: `downloading Temporal ${version}` });
    let tenths = 0;
    for await (const line of child) {
      timer.refresh();
      const [received = 0, total = 0] = line.split(' ').map(Number);
      if (total === 0 || Math.floor((10 * received) / total) <= tenths) continue;
      tenths = Math.floor((10 * received) / total);
      onProgress({ phase: 'downloading', message: `downloading Temporal ${version} (${10 * tenths} % of ${Math.ceil(total / 1e6)} MB)` });
    }
    const { failed, stderr } = await child;
    signal?.throwIfAborted();
    if (stalled.signal.aborted) throw new Error(`the download of Temporal ${version} made no progress for ${stallMs / 1000} s`);
    if (failed) throw new Error(`the download of Temporal ${version} failed: ${stderr.trim().split('\n').at(-1)}`);
  } finally {
    clearTimeout(timer);
  }
}
