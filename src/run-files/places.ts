import { createHash } from 'node:crypto';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { BelayError } from '../contracts/errors.ts';
import type { ArtifactKind, ArtifactRecord } from '../contracts/records.ts';
import { mediaTypeOf } from './media-types.ts';

const MAX_NAME_LENGTH = 80;

/** Where a step leaves something: the step and its name make the id, so that a repeated write is the same artifact. */
export interface ArtifactPlace {
  runId: string;
  kind: ArtifactKind;
  step?: number;
  name: string;
}

export function runFolder({ home, runId }: { home: string; runId: string }): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(runId)) throw new BelayError({ code: 'invalid_input', message: `'${runId}' is no run id.` });
  return join(home, 'runs', runId);
}

/** All that can be downloaded of a run, and nothing else. */
export const artifactsFolder = (run: { home: string; runId: string }): string => join(runFolder(run), 'artifacts');

/** An artifact's id, its name for people, and its file, which is called by both. */
export function identityOf({ runId, kind, step, name: given }: ArtifactPlace): Pick<ArtifactRecord, 'id' | 'name' | 'path'> {
  const number = step === undefined ? '' : `${String(step).padStart(3, '0')}-`;
  return placed({ runId, kind, name: `${number}${fileName(given)}` });
}

/** Whether a record, which may come from elsewhere, is one as this run would have made it. */
export const isOwn = ({ id, runId, kind, name, path, mediaType }: ArtifactRecord): boolean => {
  const own = placed({ runId, kind, name });
  return fileName(name) === name && own.id === id && own.path === path && mediaTypeOf(name) === mediaType;
};

function placed({ runId, kind, name }: Pick<ArtifactRecord, 'runId' | 'kind' | 'name'>): Pick<ArtifactRecord, 'id' | 'name' | 'path'> {
  const id = createHash('sha256').update(`${runId}\n${kind}\n${name}`).digest('hex').slice(0, 20);
  return { id, name, path: `runs/${runId}/artifacts/${id}-${name}` };
}

/** A name that every file system takes. One that had to be changed gets a mark, so that two names never share a file. */
function fileName(name: string): string {
  const safe = name
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, MAX_NAME_LENGTH);
  if (safe === name && name !== '') return name;
  const mark = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${mark}-${safe}`;
}

/** Throws invalid_input for a path that leads out of `home`. */
export function absoluteInHome(home: string, path: string): string {
  const absolute = resolve(home, path);
  const below = relative(home, absolute);
  if (below === '' || below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below))
    throw new BelayError({ code: 'invalid_input', message: `The path ${absolute} does not lie in ${home}.` });
  return absolute;
}
