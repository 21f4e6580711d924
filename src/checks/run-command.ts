import { stripVTControlCharacters } from 'node:util';
import { BelayError } from '../contracts/errors.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { BoundedFile } from '../process/bounded-file.ts';
import { BoundedTail } from '../process/bounded-tail.ts';
import type { ProcessEnd } from '../process/process-request.ts';
import type { ProcessTrees } from '../process/process-trees.ts';
import { readFrom, sizeOf } from './files.ts';
import type { OutputReader } from './runner.ts';

/** As much as a plain process keeps. */
const TAIL_BYTES = 16 * 1024;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export interface CommandRequest {
  command: string;
  cwd: string;
  /** The complete environment. */
  env: Record<string, string>;
  timeoutMs: number;
  idleMs?: number | undefined;
  /** All output is appended here. */
  outputFile: string;
  /** Reads what is printed, and says what is kept of it. */
  reader?: OutputReader | undefined;
  run: ProcessTrees['run'];
  signal?: AbortSignal | undefined;
}

export interface CommandEnd {
  end: ProcessEnd;
  /** The last MiB of what it printed, without colours. */
  output: string;
}

/** Runs a shell command to its end. Its standard input is empty, and it has no terminal. */
export async function runCommand(request: CommandRequest): Promise<CommandEnd> {
  const { outputFile, command, cwd } = request;
  const start = await sizeOf(outputFile);
  const end = request.reader ? await runRead(request, request.reader) : await started(request, { outputFile });
  if (end.reason === 'not_found') {
    throw new BelayError({
      code: 'internal',
      message: `/bin/sh could not be started in ${cwd} for \`${command}\`.`,
      hint: 'Run `belay doctor`.',
    });
  }
  return { end, output: stripVTControlCharacters((await readFrom(outputFile, start)) ?? end.outputTail) };
}

/** What the reader gives is kept in place of what was printed. */
async function runRead(request: CommandRequest, reader: OutputReader): Promise<ProcessEnd> {
  using file = new BoundedFile(request.outputFile, MAX_OUTPUT_BYTES);
  const tail = new BoundedTail(TAIL_BYTES);
  let unwritten = '';
  const onLine = (line: string): void => {
    const text = reader.read(stripVTControlCharacters(line));
    if (text !== undefined) unwritten += `${text}\n`;
  };
  const onLines = (): void => {
    if (unwritten === '') return;
    const bytes = Buffer.from(unwritten);
    unwritten = '';
    file.append(bytes);
    tail.push(bytes);
  };
  const end = await started(request, { onLine, onLines });
  return { ...end, outputTail: tail.toString() };
}

type Sink = Pick<Parameters<ProcessTrees['run']>[0], 'outputFile' | 'onLine' | 'onLines'>;

async function started({ run, command, cwd, env, timeoutMs, idleMs, signal }: CommandRequest, sink: Sink): Promise<ProcessEnd> {
  const limits = withoutUndefined({ idleMs, signal });
  return run({ file: '/bin/sh', args: ['-c', command], cwd, env, totalMs: timeoutMs, ...limits, ...sink });
}
