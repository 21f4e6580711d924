import { BelayError } from '../contracts/errors.ts';
import type { GitAccess, GitCredentials } from './access.ts';
import type { GitCall } from './hardened-git.ts';
import { withoutCredentials } from './git-failure.ts';

/** A repository elsewhere, as git is told of it: no login in the address, which is on the command line. */
export interface RemoteAddress {
  url: string;
  credentials?: GitCredentials;
  call: Required<Pick<GitCall, 'config' | 'env'>>;
}

/** These name variables of git's own process: what they hold is on no command line and in no file. */
const USERNAME = 'BELAY_GIT_USERNAME';
const PASSWORD = 'BELAY_GIT_PASSWORD';
const HELPER = `!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$${USERNAME}" "$${PASSWORD}"; }; f`;

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** How git reaches a repository for one call. Throws invalid_input where that would send a login in the clear, or cannot work. */
export function remoteAddress({ url, credentials }: GitAccess): RemoteAddress {
  if (!/^https?:/i.test(url)) return { url, call: { config: [], env: {} } };
  const address = parsed(url);
  const login = credentials ?? loginOf(address);
  Object.assign(address, { username: '', password: '' });
  const isPlain = address.protocol === 'http:';
  if (isPlain && !LOOPBACK.test(address.hostname)) throw inTheClear(address.href);
  return {
    url: address.href,
    ...(login && { credentials: login }),
    call: {
      config: [
        // A proxy is not on this machine, or has nothing to do with what is.
        ...(isPlain ? ['http.proxy='] : []),
        // Of this scheme, host and port alone: whoever git is sent on to does not get it.
        ...(login ? [`credential.${address.origin}.helper=${HELPER}`] : []),
      ],
      env: {
        ...(isPlain && { GIT_ALLOW_PROTOCOL: 'file:https:ssh:http' }),
        ...(login && { [USERNAME]: oneLine(login.username), [PASSWORD]: oneLine(login.password) }),
      },
    },
  };
}

function parsed(url: string): URL {
  if (URL.canParse(url)) return new URL(url);
  throw new BelayError({
    code: 'invalid_input',
    message: `${JSON.stringify(withoutCredentials(url))} is not the address of a repository`,
    hint: 'Use one such as https://github.com/acme/shop.git.',
  });
}

function loginOf({ username, password }: URL): GitCredentials | undefined {
  if (password === '') return undefined;
  return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
}

/** Lines are how git and its helper talk: another one would be another answer. */
function oneLine(text: string): string {
  if (!/[\n\r\0]/.test(text)) return text;
  throw new BelayError({
    code: 'forge_not_logged_in',
    message: 'The name or token for git holds a line break',
    hint: 'Set the token anew, without anything before or after it.',
  });
}

const inTheClear = (url: string): BelayError =>
  new BelayError({
    code: 'invalid_input',
    message: `${url} would be reached without encryption`,
    hint: 'Use its https:// address. Plain http:// is for servers on this machine alone.',
  });
