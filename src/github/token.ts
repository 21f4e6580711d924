import { execa } from 'execa';
import type { RepositoryRef } from '../contracts/repository.ts';
import { findExecutable } from '../process/executable.ts';

/** What a token is for. */
export type RepositoryName = Pick<RepositoryRef, 'owner' | 'name'>;

/** Where the token comes from. It is asked for before each use: a person may log in while Belay runs. */
export interface TokenSource {
  /** An app has no token but for a repository. */
  readonly isApp: boolean;
  get(about?: RepositoryName): Promise<string | undefined>;
  /** Of an app: what it is called where it writes, `name[bot]`. */
  login?(): Promise<string>;
  /** GitHub has refused it: the next use looks again. */
  forget(about?: RepositoryName): void;
}

export interface TokenSourceOptions {
  /** From a setting, as it is now; wins. */
  token?: (() => string | undefined) | undefined;
  /** The server's name as people and `gh` know it. */
  host: string;
  /** The PATH to find `gh` on, and what `gh` itself reads. */
  env: NodeJS.ProcessEnv;
}

/** A keyring that wants a password would wait for ever. */
const GH_TIMEOUT_MS = 5000;

/** The given token, else the one that `gh` is logged in with, asked for when first needed. */
export function tokenSource({ token, host, env }: TokenSourceOptions): TokenSource {
  if (token !== undefined) return { isApp: false, get: () => Promise.resolve(token()), forget: () => {} };
  let asked: Promise<string | undefined> | undefined;
  return {
    isApp: false,
    get: async () => {
      asked ??= askGh(host, env);
      const found = await asked;
      if (found === undefined) asked = undefined;
      return found;
    },
    forget: () => (asked = undefined),
  };
}

async function askGh(host: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const gh = findExecutable('gh', { path: env['PATH'], cwd: process.cwd() });
  if (gh === undefined) return undefined;
  const options = { env, extendEnv: false, reject: false, stdin: 'ignore', timeout: GH_TIMEOUT_MS } as const;
  // Not logged in is an answer too: whoever needs the token says so.
  const { exitCode, stdout } = await execa(gh, ['auth', 'token', '--hostname', host], options);
  return exitCode === 0 && /^\S+$/.test(stdout.trim()) ? stdout.trim() : undefined;
}
