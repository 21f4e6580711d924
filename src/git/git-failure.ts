import { BelayError } from '../contracts/errors.ts';
import type { BelayErrorOptions } from '../contracts/errors.ts';
import type { GitAnswer } from './hardened-git.ts';

export interface FailedGit {
  args: readonly string[];
  cwd: string;
  answer: GitAnswer;
}

const MAX_DETAIL = 1000;
/** Git does not pass on when the server wants to be asked again. */
const RATE_LIMIT_MS = 60_000;

const KNOWN: readonly { pattern: RegExp; code: BelayErrorOptions['code']; hint: string }[] = [
  { pattern: /spawn git ENOENT/, code: 'git_failed', hint: 'Install git 2.38 or newer, and see that it is on the PATH.' },
  {
    pattern: /No space left on device|Disk quota exceeded/,
    code: 'disk_full',
    hint: 'Free some disk space (`belay clean` removes what closed runs left), then retry.',
  },
  {
    pattern: /SSL certificate|certificate verif|server verification failed|SSL_connect|gnutls|SSL routines|setting certificate|CAfile/i,
    code: 'forge_unreachable',
    hint: "The server's certificate is not trusted here: name the file of its authority in NODE_EXTRA_CA_CERTS, and see docs/troubleshooting.md.",
  },
  {
    pattern:
      /Permission denied \(publickey|Authentication failed|could not read (?:Username|Password)|terminal prompts disabled|error: 401/,
    code: 'forge_not_logged_in',
    hint: 'Git could not log in: check the token or key for this repository, and that it has not expired.',
  },
  {
    pattern:
      /error: 403|Permission to .+ denied|Write access to repository not granted|The project you were looking for could not be found or you don't/,
    code: 'forge_forbidden',
    hint: 'The login is known there, but may not do this: give it the right to read and write the repository, then: belay retry',
  },
  {
    pattern:
      /does not appear to be a git repository|not a git repository|repository '.*' (?:not found|does not exist)|Repository not found/,
    code: 'repository_not_found',
    hint: 'Check the path or address of the repository. A forge says the same of one that the token cannot see.',
  },
  {
    pattern: /error: 429/,
    code: 'forge_rate_limited',
    hint: 'The server wants fewer calls: it is tried again in a minute.',
  },
  {
    pattern:
      /Could not resolve|Connection (?:refused|timed out|reset|closed)|Failed to connect|Couldn't connect|timed out|Operation too slow|No route to host|Network is unreachable|error: 5\d\d|RPC failed|Empty reply|Recv failure|hung up unexpectedly|unexpected disconnect|early EOF|invalid index-pack output/,
    code: 'forge_unreachable',
    hint: 'The repository could not be reached: check the address, the network and the proxy, then retry.',
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
    ...(known?.code === 'forge_rate_limited' && { retryAt: new Date(Date.now() + RATE_LIMIT_MS) }),
    hint: known?.hint ?? 'If a second try fails the same way, run the git command by hand to see more.',
  });
}

/** Addresses may carry a login. */
export const withoutCredentials = (text: string): string => text.replace(/(?<=\w)(:\/\/)[^/@\s]+@/g, '$1');
