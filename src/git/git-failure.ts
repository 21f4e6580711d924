import { BelayError } from '../contracts/errors.ts';
import type { BelayErrorOptions } from '../contracts/errors.ts';
import type { GitAnswer } from './hardened-git.ts';

export interface FailedGit {
  args: readonly string[];
  cwd: string;
  answer: GitAnswer;
}

const MAX_DETAIL = 1000;

const KNOWN: readonly { pattern: RegExp; code: BelayErrorOptions['code']; hint: string }[] = [
  { pattern: /spawn git ENOENT/, code: 'git_failed', hint: 'Install git 2.38 or newer, and see that it is on the PATH.' },
  {
    pattern: /No space left on device|Disk quota exceeded/,
    code: 'disk_full',
    hint: 'Free some disk space (`belay clean` removes what closed runs left), then retry.',
  },
  {
    pattern: /Permission denied \(publickey|Authentication failed|could not read Username|terminal prompts disabled/,
    code: 'git_failed',
    hint: 'Git could not log in: check the credentials for this repository.',
  },
  {
    pattern: /Could not resolve host|Connection (?:refused|timed out|reset)|Failed to connect/,
    code: 'git_failed',
    hint: 'The repository could not be reached: check the network, then retry.',
  },
  {
    pattern: /does not appear to be a git repository|not a git repository|repository '.*' not found|Repository not found/,
    code: 'repository_not_found',
    hint: 'Check the path or address of the repository.',
  },
  { pattern: /transport '.*' not allowed/, code: 'invalid_input', hint: 'Use a path, an https:// or an ssh:// address.' },
  { pattern: /mismatched algorithms/, code: 'invalid_input', hint: 'Repositories in the sha256 object format are not supported yet.' },
];

/** What git said, as an error with a hint. The one place where git's messages become Belay's. */
export function gitFailure({ args, cwd, answer }: FailedGit): BelayError {
  const said = (answer.stderr.trim() || answer.stdout.trim()).slice(-MAX_DETAIL);
  const known = KNOWN.find(({ pattern }) => pattern.test(said));
  const how = answer.exitCode === null ? 'was killed' : `failed with exit code ${answer.exitCode}`;
  return new BelayError({
    code: known?.code ?? 'git_failed',
    message: `git ${args[0] ?? ''} ${how} in ${cwd}${said === '' ? '' : `: ${withoutCredentials(said)}`}`,
    hint: known?.hint ?? 'If a second try fails the same way, run the git command by hand to see more.',
  });
}

/** Addresses may carry a login. */
export const withoutCredentials = (text: string): string => text.replace(/(\w+:\/\/)[^/@\s]+@/g, '$1');
