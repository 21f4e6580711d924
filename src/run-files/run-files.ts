import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync } from 'node:fs';
import { appendFile, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import writeFileAtomic from 'write-file-atomic';
import { BelayError } from '../contracts/errors.ts';
import type { ArtifactKind, ArtifactRecord } from '../contracts/records.ts';
import type { StepRef } from '../contracts/work.ts';
import { plainText } from '../contracts/text.ts';
import { changedFile, fileError, notStored } from './errors.ts';
import { mediaTypeOf } from './media-types.ts';
import { openArtifact } from './open-artifact.ts';
import type { OpenArtifact } from './open-artifact.ts';
import { absoluteInHome, identityOf, isOwn, runFolder } from './places.ts';
import type { ArtifactStore } from './store/artifact-store.ts';
import type { Trace } from './trace.ts';

/** What is left as a file, and where in the run. */
export interface NewArtifact extends Pick<ArtifactRecord, 'runId' | 'phase' | 'step' | 'sessionId'> {
  kind: ArtifactKind;
  name: string;
}

/** An artifact that was just written, ready for the ledger. */
export interface WrittenArtifact extends ArtifactRecord {
  /** The first 12 characters of the SHA-256, for people. */
  hash: string;
}

export interface LogLines {
  runId: string;
  lines: readonly { message: string; at: string }[];
}

/** The folders `runs/<id>/` under BELAY_HOME: log.txt, trace.json, and all that can be downloaded in `artifacts/`. */
export interface RunFiles {
  /** Whether other hosts read what is written here. */
  readonly shared: boolean;
  /** The run's folder, absolute, created. */
  directory(runId: string): string;
  /** Writes a text at once or not at all. The caller registers it in the ledger. */
  writeArtifact(input: NewArtifact & { text: string }): Promise<WrittenArtifact>;
  /** Describes one whose file is there already, such as a transcript that was streamed. */
  describeArtifact(input: NewArtifact): Promise<WrittenArtifact>;
  /** Where an artifact's file is to be written by others, absolute; its folder exists. */
  artifactPath(place: NewArtifact): string;
  /** Whether its file is on this host. */
  has(artifact: Pick<ArtifactRecord, 'path'>): boolean;
  /** The artifact's text, from here or from the store. Throws earlier_work_missing when it is gone or is not what was recorded. */
  readArtifact(artifact: ArtifactRecord): Promise<string>;
  /** Its content, to be read in pieces. Throws invalid_input for one outside of the run's folder, earlier_work_missing when it is gone. */
  openArtifact(artifact: ArtifactRecord): Promise<OpenArtifact>;
  /** Removes the run's folder with all that is in it. */
  remove(runId: string): Promise<void>;
  /**
   * Puts an artifact of another host where it was there. What is here already stays. Throws invalid_input unless it is one of this run,
   * in the run's own folder, and the text is its own.
   */
  restoreArtifact(input: { artifact: ArtifactRecord; text: string }): Promise<void>;
  /** Lines at the end of the run's readable log.txt, each with its time before it. */
  appendLog(input: LogLines): Promise<void>;
  writeTrace(input: { runId: string; trace: Trace }): Promise<void>;
  /** Absolute path of one kept relative to BELAY_HOME. Throws invalid_input when it leads elsewhere. */
  absolute(path: string): string;
}

interface Place {
  home: string;
  store?: ArtifactStore | undefined;
}

/** With a store, what is not on this host is read from there. */
export function createRunFiles({ home: given, store }: Place): RunFiles {
  const home = resolve(given);
  const place = { home, store };
  return {
    shared: store !== undefined,
    directory: (runId) => ensureFolder(runFolder({ home, runId })),
    writeArtifact: (input) => writeArtifact(home, input),
    describeArtifact: (input) => describeArtifact(home, input),
    artifactPath(input) {
      const path = absoluteInHome(home, identityOf(input).path);
      ensureFolder(dirname(path));
      return path;
    },
    has: ({ path }) => existsSync(absoluteInHome(home, path)),
    readArtifact: (artifact) => readArtifact(place, artifact),
    openArtifact: (artifact) => openArtifact(place, artifact),
    remove: (runId) => rm(runFolder({ home, runId }), { recursive: true, force: true, maxRetries: 2 }),
    restoreArtifact: (input) => restoreArtifact(home, input),
    appendLog: (input) => appendLog(home, input),
    async writeTrace({ runId, trace }) {
      await writeWhole(join(runFolder({ home, runId }), 'trace.json'), `${JSON.stringify(trace, undefined, 2)}\n`);
    },
    absolute: (path) => absoluteInHome(home, path),
  };
}

/** What a step leaves is linked to it and to its phase. */
export const leftBy = ({ lease, number, phase }: StepRef): Required<Pick<NewArtifact, 'runId' | 'phase' | 'step'>> => ({
  runId: lease.runId,
  phase,
  step: number,
});

async function writeArtifact(home: string, { text, ...left }: NewArtifact & { text: string }): Promise<WrittenArtifact> {
  await writeWhole(absoluteInHome(home, identityOf(left).path), text);
  return described(left, { bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') });
}

async function describeArtifact(home: string, left: NewArtifact): Promise<WrittenArtifact> {
  const path = absoluteInHome(home, identityOf(left).path);
  const hash = createHash('sha256');
  const file = createReadStream(path);
  try {
    await pipeline(file, hash);
  } catch (error) {
    throw fileError({ path, error });
  }
  return described(left, { bytes: file.bytesRead, sha256: hash.digest('hex') });
}

function described(left: NewArtifact, content: Pick<ArtifactRecord, 'bytes' | 'sha256'>): WrittenArtifact {
  const { id, name, path } = identityOf(left);
  const createdAt = new Date().toISOString();
  return { ...left, ...content, id, name, path, mediaType: mediaTypeOf(name), createdAt, hash: content.sha256.slice(0, 12) };
}

async function readArtifact({ home, store }: Place, artifact: ArtifactRecord): Promise<string> {
  const absolute = absoluteInHome(home, artifact.path);
  const content = store && !existsSync(absolute) ? await storedContent(store, artifact) : await contentOf(absolute);
  if (createHash('sha256').update(content).digest('hex') !== artifact.sha256) throw changedFile(absolute);
  return content.toString('utf8');
}

async function contentOf(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw fileError({ path, error });
  }
}

async function storedContent(store: ArtifactStore, artifact: ArtifactRecord): Promise<Buffer> {
  const content = await store.get(artifact);
  if (!content) throw notStored(artifact);
  return buffer(content);
}

async function restoreArtifact(home: string, { artifact, text }: { artifact: ArtifactRecord; text: string }) {
  const { runId, path, sha256 } = artifact;
  const isWhole = createHash('sha256').update(text).digest('hex') === sha256;
  if (!isOwn(artifact) || !isWhole)
    throw new BelayError({ code: 'invalid_input', message: `${path} is not the file that run ${runId} left.` });
  const absolute = absoluteInHome(home, path);
  if (!existsSync(absolute)) await writeWhole(absolute, text);
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
