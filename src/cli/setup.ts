import path from 'node:path';
import { composeGitHub } from '../compose-forges.ts';
import { loadConfig } from '../config.ts';
import type { EngineName } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { askAt } from './ask.ts';
import { writeEnvFile } from './env-file.ts';
import { askForValues } from './setup-questions.ts';
import type { Values } from './setup-questions.ts';
import type { Terminal } from './terminal.ts';
import { EXIT } from './terminal.ts';

export interface SetupOptions {
  engine?: EngineName;
  githubTokenFrom?: 'gh';
  file: string;
  yes: boolean;
  force: boolean;
}

interface SetupRequest {
  env: NodeJS.ProcessEnv;
  terminal: Terminal;
  input: NodeJS.ReadStream;
  output: NodeJS.WriteStream;
}

/** `belay setup`: a commented file of settings for this installation. */
export async function setup({ env, terminal, input, output }: SetupRequest, options: SetupOptions): Promise<number> {
  const { engine, githubTokenFrom, file, yes, force } = options;
  const given: Values = withoutUndefined({ BELAY_ENGINE: engine, GITHUB_TOKEN: githubTokenFrom && (await tokenOfGh(env)) });
  const values = yes ? given : await asked({ input, output }, given);
  loadConfig(values);
  await writeEnvFile({ file: path.resolve(file), values, force });
  terminal.out(nextSteps(file));
  return EXIT.ok;
}

async function asked({ input, output }: Pick<SetupRequest, 'input' | 'output'>, given: Values): Promise<Values> {
  if (!input.isTTY || !output.isTTY)
    throw new BelayError({
      code: 'invalid_input',
      message: 'There is no terminal to ask at.',
      hint: 'Use --yes to take what the options say, and the defaults for the rest.',
    });
  using asking = askAt({ input, output });
  return await askForValues(asking, given);
}

/** For places where nobody has logged in with `gh`, such as containers. */
async function tokenOfGh(env: NodeJS.ProcessEnv): Promise<string> {
  const token = await composeGitHub(loadConfig({ ...env, GITHUB_TOKEN: '', GH_TOKEN: '', GITHUB_TOKEN_FILE: '' }), env).token();
  if (token !== undefined) return token;
  throw new BelayError({ code: 'forge_not_logged_in', message: '`gh` has no token to give.', hint: 'Log in with `gh auth login` first.' });
}

/** By the name that compose looks for, or another: a path as a shell takes it. */
const nextSteps = (file: string): string =>
  [
    `${file} is written, for you alone. It may hold secrets: keep it out of git.`,
    '',
    'For the shell that you start Belay from:',
    `  set -a; . ${path.isAbsolute(file) ? file : `./${file}`}; set +a`,
    '  belay doctor',
    'For a service that stays up, with Docker Compose (which takes .env) or systemd (/etc/belay/belay.env): docs/operations.md',
  ].join('\n');
