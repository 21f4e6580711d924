import { readFileSync, statSync } from 'node:fs';
import { BelayError } from './contracts/errors.ts';

export interface SecretOptions {
  /** Of the variable. */
  name: string;
  /** What it was when the process started. */
  value: string | undefined;
  /** Where it is read anew; unset: it is in the variable itself. */
  file?: string | undefined;
  /** The value that a file's text is; undefined for what can be none. As it is, unless told. */
  usable?: (text: string) => string | undefined;
  /** Without its file, or with an empty one, there is none any more. */
  mayEnd?: boolean;
}

export interface SecretWatcher {
  /** The file has another value. */
  onChange: (message: string) => void;
  /** Once each time that the file has become unusable. */
  onProblem: (message: string) => void;
}

/**
 * A secret of this installation, asked for its value where it is used: its file may be changed while the process runs. A file that is gone,
 * empty or half written, as while it is being changed, leaves the value that it had.
 */
export class Secret {
  readonly name: string;
  readonly file?: string;
  readonly #usable: (text: string) => string | undefined;
  readonly #mayEnd: boolean;
  readonly #seen: string[] = [];
  #value: string | undefined;
  #identity = '';
  #isUnusable = false;
  #watcher: SecretWatcher | undefined;

  constructor({ name, value, file, usable = (text) => text, mayEnd = false }: SecretOptions) {
    this.name = name;
    if (file !== undefined) this.file = file;
    this.#usable = usable;
    this.#mayEnd = mayEnd;
    this.#keep(value);
  }

  /** As it is now. Undefined only where it may end, and has. */
  current(): string | undefined {
    if (this.file !== undefined) this.#look(this.file);
    return this.#value;
  }

  /** All values that it has had in this process: none of them is for others to see. */
  known(): readonly string[] {
    return this.#seen;
  }

  watch(watcher: SecretWatcher): void {
    this.#watcher = watcher;
  }

  #look(file: string): void {
    const identity = identityOf(file);
    if (identity !== undefined && identity === this.#identity) return;
    const text = identity === undefined ? undefined : textOf(file);
    const value = text ? this.#usable(text) : undefined;
    if (value === undefined && !(this.#mayEnd && !text)) return this.#refuse(file, text);
    this.#identity = identity ?? '';
    this.#isUnusable = false;
    if (value === this.#value) return;
    this.#keep(value);
    this.#watcher?.onChange(`${this.name} has been read anew from its file`);
  }

  /** It is looked at again the next time: nothing is known of it yet. */
  #refuse(file: string, text: string | undefined): void {
    if (this.#isUnusable) return;
    this.#isUnusable = true;
    const what = text === undefined ? 'cannot be read' : text === '' ? 'is empty' : 'has nothing in it that could be used';
    this.#watcher?.onProblem(`The file of ${this.name}_FILE (${file}) ${what}: the value that it had is used on`);
  }

  #keep(value: string | undefined): void {
    this.#value = value;
    if (value !== undefined && !this.#seen.includes(value)) this.#seen.push(value);
  }
}

/** The text of a secret's file when the process starts. Throws `BelayError` configuration_invalid where it cannot be read. */
export function readSecretFile(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new BelayError({
      code: 'configuration_invalid',
      message: `The file that ${name}_FILE names cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'It holds the secret alone, and whoever runs Belay may read it.',
      cause: error,
    });
  }
}

/** Changes with the file, also where another one is put in its place (as Kubernetes does). */
function identityOf(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}:${found.mtimeNs}:${found.size}`;
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
