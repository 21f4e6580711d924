import { delimiter, resolve, sep } from 'node:path';

/** Words that make a variable a secret, as a whole word between underscores: NPM_TOKEN is one, TOKENIZER_PATH is not. */
const SECRET = /(^|_)(TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|API_?KEYS?|PRIVATE_KEY|ACCESS_KEY|CREDENTIALS?)(_|$)/i;

/** Ours, our tools', and what would let an agent act in the user's name on a forge. */
const FOREIGN =
  /^(GITHUB_|GH_|GIT_|SSH_AUTH_SOCK$|SSH_ASKPASS|TEMPORAL_|BELAY_|CLAUDECODE$|CLAUDE_CODE_|npm_|VITEST|INIT_CWD$|PWD$|OLDPWD$)/i;

/** How this process itself runs; NODE_ENV=production would have `npm ci` leave out what the tests need. */
const NODE = /^NODE_(OPTIONS|ENV|CHANNEL_FD|CHANNEL_SERIALIZATION_MODE|UNIQUE_ID|V8_COVERAGE)$/;

export interface WorkspaceEnvironmentOptions {
  /** Folders whose entries are taken out of PATH, such as Belay's own node_modules: a workspace has its own tools. */
  dropPath?: readonly string[];
}

/**
 * What agents, set-up commands and tests see of this process's environment: no secrets (by name), nothing of Belay, git,
 * npm, the test runner or Temporal; everything else unchanged, then `extra`, which may hold anything.
 */
export function workspaceEnvironment(
  base: NodeJS.ProcessEnv,
  extra: Readonly<Record<string, string>> = {},
  { dropPath = [] }: WorkspaceEnvironmentOptions = {},
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value === undefined || SECRET.test(name) || FOREIGN.test(name) || NODE.test(name)) continue;
    env[name] = name === 'PATH' ? withoutFolders(value, dropPath) : value;
  }
  return { ...env, ...extra };
}

function withoutFolders(path: string, folders: readonly string[]): string {
  const isDropped = (entry: string): boolean => folders.some((folder) => `${resolve(entry)}${sep}`.startsWith(`${resolve(folder)}${sep}`));
  return path
    .split(delimiter)
    .filter((entry) => entry !== '' && !isDropped(entry))
    .join(delimiter);
}
