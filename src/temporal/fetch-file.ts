/**
 * Downloads one file and checks it. Arguments: URL, path, SHA-256 in hexadecimal. Says how far it is (`RECEIVED TOTAL`, bytes)
 * about every half second that something arrives; on standard error, in one line, why it failed.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

const SAY_EVERY_MS = 500;

const [url, path, sha256] = process.argv.slice(2);
if (!url || !path || !sha256) throw new Error('usage: fetch-file URL PATH SHA256');
try {
  await download(url, path, sha256);
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exitCode = 1;
}

async function download(from: string, to: string, expected: string): Promise<void> {
  const response = await fetch(from);
  if (!response.ok || !response.body) throw new Error(`${new URL(from).host} answered ${response.status}`);
  const total = response.headers.get('content-length') ?? '0';
  const hash = createHash('sha256');
  let received = 0;
  let saidAt = performance.now();
  async function* counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      received += chunk.length;
      if (performance.now() - saidAt >= SAY_EVERY_MS) {
        saidAt = performance.now();
        process.stdout.write(`${received} ${total}\n`);
      }
      yield chunk;
    }
  }
  await pipeline(response.body, counted, createWriteStream(to));
  if (hash.digest('hex') !== expected) throw new Error(`what ${new URL(from).host} sent is not the published file`);
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}
