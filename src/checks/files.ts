import { open, readFile, stat } from 'node:fs/promises';

/** Reports are written by the repository's code: one larger than this is not worth reading. */
const MAX_REPORT_BYTES = 32 * 1024 * 1024;
const MAX_OUTPUT_BYTES = 1024 * 1024;

/** A file's text; nothing where there is none, or too much of it. */
export async function readIfThere(path: string): Promise<string | undefined> {
  const size = await sizeOf(path);
  return size > MAX_REPORT_BYTES ? undefined : await readFile(path, 'utf8').catch(nothingIfMissing);
}

export const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(nothingIfMissing))?.size ?? 0;

/** What was written to a file after this byte, at most its last MiB. */
export async function readFrom(path: string, start: number): Promise<string | undefined> {
  const size = await sizeOf(path);
  if (size <= start) return undefined;
  await using file = await open(path);
  const from = Math.max(start, size - MAX_OUTPUT_BYTES);
  const { buffer, bytesRead } = await file.read({ position: from, buffer: Buffer.alloc(size - from) });
  return buffer.toString('utf8', 0, bytesRead);
}

function nothingIfMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EISDIR') return undefined;
  throw error;
}
