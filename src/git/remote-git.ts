import { randomUUID } from 'node:crypto';
import { BelayError } from '../contracts/errors.ts';
import { withoutSecret } from '../contracts/secret-forms.ts';
import { deadlineIn } from '../process/deadline.ts';
import { endMarked, TREE_MARK } from '../process/process-table.ts';
import type { GitAccess } from './access.ts';
import { withoutCredentials } from './git-failure.ts';
import type { GitAnswer, GitCall } from './hardened-git.ts';
import { localPath } from './local-remote.ts';
import type { MirrorGit } from './mirror-git.ts';
import { remoteAddress } from './remote-address.ts';
import type { RemoteAddress } from './remote-address.ts';

/** The longest that one fetch or push may take: a big repository over a slow line. */
const TOTAL_MS = 60 * 60_000;
/** A server that is at work says something every five seconds; one that says nothing for so long is gone. */
const IDLE_SECONDS = 120;

export interface RemoteOptions {
  /** Settings for calls of a server, such as which certificates are trusted. */
  config?: () => Promise<readonly string[]>;
  /** An HTTP server that says nothing for so long is given up. */
  idleSeconds?: number;
}

/** Git of a mirror, towards a repository elsewhere: let in by its credentials for this one call, and bounded. */
export interface RemoteGit {
  readonly mirror: MirrorGit;
  /** The arguments are made for the address that git is given. Nothing of the credentials is in the answer. */
  attempt(access: GitAccess, args: (url: string) => readonly string[], call?: RemoteCall): Promise<RemoteAnswer>;
}

export type RemoteCall = Pick<GitCall, 'signal' | 'onStderr'>;

export interface RemoteAnswer extends GitAnswer {
  args: readonly string[];
}

export function remoteGit(mirror: MirrorGit, { config, idleSeconds = IDLE_SECONDS }: RemoteOptions = {}): RemoteGit {
  return {
    mirror,
    async attempt(access, args, { signal, onStderr } = {}) {
      const address = remoteAddress(access);
      const given = args(address.url);
      const isServer = localPath(address.url) === undefined;
      const patience = ['http.lowSpeedLimit=1', `http.lowSpeedTime=${idleSeconds}`];
      const settings = isServer ? [...patience, ...((await config?.()) ?? []), ...address.call.config] : [];
      using bound = deadlineIn(TOTAL_MS);
      const signals = signal ? AbortSignal.any([signal, bound.signal]) : bound.signal;
      const tree = randomUUID();
      try {
        const answer = await mirror.attempt(given, {
          signal: signals,
          env: { ...address.call.env, [TREE_MARK]: tree },
          config: settings,
          onStderr,
        });
        return { ...withoutSecrets(answer, address), args: given };
      } catch (error) {
        // Git leaves the process that talks to the server behind when it is ended itself.
        await endMarked(`${TREE_MARK}=${tree}`);
        throw bound.signal.aborted && !signal?.aborted ? tooLong(address.url) : error;
      }
    },
  };
}

/** A server may repeat what it was sent. */
function withoutSecrets(answer: GitAnswer, { credentials }: RemoteAddress): GitAnswer {
  if (!credentials || credentials.password === '') return answer;
  const { username, password } = credentials;
  const encoded = Buffer.from(`${username}:${password}`).toString('base64');
  const hide = (text: string): string => withoutSecret(text.replaceAll(encoded, '***'), password, '***');
  return { ...answer, stdout: hide(answer.stdout), stderr: hide(answer.stderr) };
}

const tooLong = (url: string): BelayError =>
  new BelayError({
    code: 'forge_unreachable',
    message: `Git was not done with ${placeOf(url)} after ${TOTAL_MS / 60_000} minutes`,
    hint: 'See whether the line or the server is slow today, then retry: what is here already is not fetched again.',
  });

/** How people know a repository: a path, or an address without a login. */
export const placeOf = (url: string): string => localPath(url) ?? withoutCredentials(url);
