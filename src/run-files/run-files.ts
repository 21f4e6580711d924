import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync } from 'node:fs';
import { appendFile, readFile, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import writeFileAtomic from 'write-file-atomic';
import { BelayError } from '../contracts/errors.ts';
import type { ArtifactKind, ArtifactRecord } from '../contracts/records.ts';
import { plainText } from '../contracts/text.ts';
import { changedFile, fileError } from './errors.ts';
import { openArtifact } from './open-artifact.ts';
import { absoluteInHome, filePath, relativeToHome, runFolder } from './places.ts';
import type { Trace } from './trace.ts';

/** What a step leaves as a file. */
export interface ArtifactPlace {
  runId: string;
  step?: number;
  kind: ArtifactKind;
}

/** An artifact that was just written, ready for the ledger. */
export interface WrittenArtifact extends ArtifactRecord {
  /** The first 12 characters of the SHA-256, for people. */
  hash: string;
}

/** An agent's turn. Later attempts of a step keep files of their own. */
export interface TurnPlace {
  runId: string;
  step: number;
  command: string;
  /** 1 unless told. */
  attempt?: number;
}

export interface LogLines {
  runId: string;
  lines: readonly { message: string; at: string }[];
}

/** The folders `runs/<id>/` under BELAY_HOME: log.txt, trace.json, issue, plan, prompts, transcripts and evidence. */
export interface RunFiles {
  /** The run's folder, absolute, created. */
  directory(runId: string): string;
  /** Writes a text at once or not at all. The caller registers it in the ledger. */
  writeArtifact(input: ArtifactPlace & { name: string; text: string }): Promise<WrittenArtifact>;
  /** Describes a file that is there already, such as a transcript that was streamed. `path` is absolute, in BELAY_HOME. */
  describeArtifact(input: ArtifactPlace & { path: string }): Promise<WrittenArtifact>;
  /** The artifact's text. Throws earlier_work_missing when the file is gone or is not what was recorded. */
  readArtifact(artifact: Pick<ArtifactRecord, 'path' | 'sha256'>): Promise<string>;
  /** Its file, to be read in pieces. Throws invalid_input for one outside of the run's folder, earlier_work_missing when it is gone. */
  openArtifact(artifact: Pick<ArtifactRecord, 'runId' | 'path'>): Promise<FileHandle>;
  /** Removes the run's folder with all that is in it. */
  remove(runId: string): Promise<void>;
  /**
   * Puts an artifact of another host where it was there. What is here already stays. Throws invalid_input unless it is one of this run,
   * in the run's own folder, and the text is its own.
   */
  restoreArtifact(input: { artifact: ArtifactRecord; text: string }): Promise<void>;
  /** Where to stream a transcript, absolute; its folder exists. */
  transcriptPath(place: TurnPlace): string;
  /** Where a prompt is kept, absolute; its folder exists. */
  promptPath(place: TurnPlace): string;
  /** Lines at the end of the run's readable log.txt, each with its time before it. */
  appendLog(input: LogLines): Promise<void>;
  writeTrace(input: { runId: string; trace: Trace }): Promise<void>;
  /** Absolute path of one kept relative to BELAY_HOME. Throws invalid_input when it leads elsewhere. */
  absolute(path: string): string;
}

export function createRunFiles({ home: given }: { home: string }): RunFiles {
  const home = resolve(given);
  return {
    directory: (runId) => ensureFolder(runFolder({ home, runId })),
    writeArtifact: (input) => writeArtifact(home, input),
    describeArtifact: (input) => describeArtifact(home, input),
    readArtifact: (artifact) => readArtifact(home, artifact),
    openArtifact: (artifact) => openArtifact(home, artifact),
    remove: (runId) => rm(runFolder({ home, runId }), { recursive: true, force: true, maxRetries: 2 }),
    restoreArtifact: (input) => restoreArtifact(home, input),
    transcriptPath: (place) => turnPath(home, place, 'transcript', 'jsonl'),
    promptPath: (place) => turnPath(home, place, 'prompt', 'md'),
    appendLog: (input) => appendLog(home, input),
    async writeTrace({ runId, trace }) {
      await writeWhole(join(runFolder({ home, runId }), 'trace.json'), `${JSON.stringify(trace, undefined, 2)}\n`);
    },
    absolute: (path) => absoluteInHome(home, path),
  };
}

async function writeArtifact(
  home: string,
  { name, text, ...place }: ArtifactPlace & { name: string; text: string },
): Promise<WrittenArtifact> {
  const path = filePath({ home, name, ...place });
  await writeWhole(path, text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  return artifact({ ...place, path: relativeToHome(home, path), bytes: Buffer.byteLength(text), sha256 });
}

async function describeArtifact(home: string, { path, ...place }: ArtifactPlace & { path: string }): Promise<WrittenArtifact> {
  const hash = createHash('sha256');
  const file = createReadStream(path);
  try {
    await pipeline(file, hash);
  } catch (error) {
    throw fileError({ path, error });
  }
  return artifact({ ...place, path: relativeToHome(home, path), bytes: file.bytesRead, sha256: hash.digest('hex') });
}

const idOf = ({ runId, path }: { runId: string; path: string }): string =>
  createHash('sha256').update(`${runId}\n${path}`).digest('hex').slice(0, 20);

function artifact(described: ArtifactPlace & { path: string; bytes: number; sha256: string }): WrittenArtifact {
  return { id: idOf(described), ...described, createdAt: new Date().toISOString(), hash: described.sha256.slice(0, 12) };
}

async function readArtifact(home: string, { path, sha256 }: Pick<ArtifactRecord, 'path' | 'sha256'>): Promise<string> {
  const absolute = absoluteInHome(home, path);
  let content: Buffer;
  try {
    content = await readFile(absolute);
  } catch (error) {
    throw fileError({ path: absolute, error });
  }
  if (createHash('sha256').update(content).digest('hex') !== sha256) throw changedFile(absolute);
  return content.toString('utf8');
}

async function restoreArtifact(home: string, { artifact: { id, runId, path, sha256 }, text }: { artifact: ArtifactRecord; text: string }) {
  const absolute = absoluteInHome(home, path);
  const isOwn = id === idOf({ runId, path }) && absolute.startsWith(`${runFolder({ home, runId })}${sep}`);
  const isWhole = createHash('sha256').update(text).digest('hex') === sha256;
  if (!isOwn || !isWhole) throw new BelayError({ code: 'invalid_input', message: `${path} is not the file that run ${runId} left.` });
  if (!existsSync(absolute)) await writeWhole(absolute, text);
}

function turnPath(home: string, { runId, step, command, attempt = 1 }: TurnPlace, kind: ArtifactKind, extension: string): string {
  const name = attempt === 1 ? command : `${command}-${attempt}`;
  const path = filePath({ home, runId, step, kind, name: `${name}.${extension}` });
  ensureFolder(dirname(path));
  return path;
}

async function appendLog(home: string, { runId, lines }: LogLines): Promise<void> {
  const path = join(ensureFolder(runFolder({ home, runId })), 'log.txt');
  try {
    // One write in append mode: lines of several processes do not mix.
    await appendFile(path, lines.map(({ at, message }) => `${at} ${readable(message)}\n`).join(''));
  } catch (error) {
    throw fileError({ path, error });
  }
}

/** Agents and issues speak here too: nothing of theirs may steer a terminal or pass for a line of ours. */
function readable(line: string): string {
  return plainText(line).trimEnd().replaceAll('\n', '\n    ');
}

async function writeWhole(path: string, text: string): Promise<void> {
  ensureFolder(dirname(path));
  try {
    await writeFileAtomic(path, text);
  } catch (error) {
    throw fileError({ path, error });
  }
}

/** Prompts and transcripts may hold what only this user should read. */
function ensureFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError({ path, error });
  }
  return path;
}
