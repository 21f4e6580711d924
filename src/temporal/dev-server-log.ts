import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const ROTATE_BYTES = 10 * 1024 * 1024;
/** Enough for a panic's first line and its stack. */
const TAIL_BYTES = 16 * 1024;

export interface ServerLog extends AsyncDisposable {
  /** For the child to write to. */
  readonly fd: number;
  /** The end of what was written since the log was opened, at most 16 KB. Works after disposal too. */
  readonly tail: () => Promise<string>;
}

/** Appends to the log, which is put aside as `.1` once it is large. */
export async function openServerLog(path: string): Promise<ServerLog> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if ((await sizeOf(path)) > ROTATE_BYTES) await rename(path, `${path}.1`);
  const start = await sizeOf(path);
  const file = await open(path, 'a', 0o600);
  return {
    fd: file.fd,
    tail: () => readTail(path, start),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

/** Why the server did not start: its first error or panic, else the last thing it said. */
export function reasonIn(logTail: string): string {
  const lines = logTail.split('\n').filter((line) => line.trim() !== '');
  const [, error] = /"level":"(?:ERROR|FATAL)".*?"msg":("(?:[^"\\]|\\.)*")/.exec(logTail) ?? [];
  if (error) return String(JSON.parse(error));
  return lines.find((line) => line.startsWith('panic:')) ?? lines.at(-1) ?? 'it said nothing';
}

async function readTail(path: string, start: number): Promise<string> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const from = Math.max(start, size - TAIL_BYTES);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(Math.max(0, size - from)), position: from });
  return buffer.toString('utf8', 0, bytesRead);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return 0;
      throw error;
    },
  );
}
