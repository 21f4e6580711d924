import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const WRITER = fileURLToPath(new URL('../ledger/ledger-writer.fixture.ts', import.meta.url));

export interface WriterRequest {
  /** A file, or the address of a Postgres. */
  place: string;
  writer: string;
  rounds: number;
}

/** A process that writes into a ledger, once its standard input ends. */
export function startWriter({ place, writer, rounds }: WriterRequest) {
  return spawn(process.execPath, [WRITER, place, writer, String(rounds)], { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** Has so many processes begin at the same moment, and gives their exit codes. */
export async function writeTogether({ place, count, rounds }: { place: string; count: number; rounds: number }): Promise<unknown[]> {
  const writers = Array.from({ length: count }, (_, index) => startWriter({ place, writer: `w${index}`, rounds }));
  // All are loaded before the first may begin, so that they meet at the empty database.
  await Promise.all(writers.map((writer) => once(writer.stdout, 'data')));
  for (const writer of writers) writer.stdin.end();
  return Promise.all(writers.map(async (writer) => (await once(writer, 'close'))[0] as unknown));
}
