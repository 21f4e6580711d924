import { createHash } from 'node:crypto';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { BelayError } from '../contracts/errors.ts';
import type { ArtifactKind } from '../contracts/records.ts';

/** Where each kind of file lies in a run's folder; what people look for first lies at its top. */
const FOLDERS: Record<ArtifactKind, string> = {
  plan: '',
  issue: '',
  prompt: 'prompts',
  answer: 'answers',
  transcript: 'transcripts',
  test_report: 'evidence',
  diff: 'diffs',
  log: 'logs',
  other: 'other',
};

const MAX_NAME_LENGTH = 80;

export interface FilePlace {
  home: string;
  runId: string;
  kind: ArtifactKind;
  step?: number;
  name: string;
}

export function runFolder({ home, runId }: Pick<FilePlace, 'home' | 'runId'>): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(runId)) throw new BelayError({ code: 'invalid_input', message: `'${runId}' is no run id.` });
  return join(home, 'runs', runId);
}

/** Absolute path; steps sort as they happened. */
export function filePath({ home, runId, kind, step, name }: FilePlace): string {
  const number = step === undefined ? '' : `${String(step).padStart(3, '0')}-`;
  return join(runFolder({ home, runId }), FOLDERS[kind], `${number}${fileName(name)}`);
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

/** With `/`, whatever the system's separator. Throws invalid_input for a path outside `home`. */
export function relativeToHome(home: string, path: string): string {
  const below = relative(home, path);
  if (below === '' || below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below)) throw outside(home, path);
  return below.split(sep).join('/');
}

/** Throws invalid_input for a path that leads out of `home`. */
export function absoluteInHome(home: string, path: string): string {
  const absolute = resolve(home, path);
  relativeToHome(home, absolute);
  return absolute;
}

function outside(home: string, path: string): BelayError {
  return new BelayError({ code: 'invalid_input', message: `The path ${path} does not lie in ${home}.` });
}
