import { lstat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that an address means on this machine, if any. */
export function localPath(url: string): string | undefined {
  if (url.startsWith('/')) return url;
  return url.startsWith('file://') ? fileURLToPath(url) : undefined;
}

/** Git's other side, when it is on this machine. It runs nothing of that repository, so whose it is does not matter. */
export function uploadPack(url: string): string[] {
  if (localPath(url) === undefined) return [];
  return ['--upload-pack=git -c safe.directory=* -c uploadpack.allowAnySHA1InWant=true upload-pack'];
}

const QUIET_RECEIVER = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  // A command of the repository's configuration; `true` lists no refs.
  'core.alternateRefsCommand=true',
  'gc.auto=0',
  'maintenance.auto=false',
  'receive.autogc=false',
  // Whatever they chose: a checked-out branch would change under their hands.
  'receive.denyCurrentBranch=refuse',
  'safe.directory=*',
];

/** A checkout, or what somebody else owns, is pushed to without its hooks and gc; a bare repository of our own is a server with its rules. */
export async function receivePack(url: string): Promise<string[]> {
  const path = localPath(url);
  if (path === undefined || !(await needsQuiet(path))) return [];
  return [`--receive-pack=git ${QUIET_RECEIVER.map((setting) => `-c ${setting}`).join(' ')} receive-pack`];
}

async function needsQuiet(path: string): Promise<boolean> {
  if (basename(path) === '.git') return true;
  const [folder, dotGit] = await Promise.all([lstat(path).catch(() => undefined), lstat(join(path, '.git')).catch(() => undefined)]);
  return dotGit !== undefined || folder?.uid !== process.getuid?.();
}
