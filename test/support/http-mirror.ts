import { join } from 'node:path';
import type { GitAccess } from '../../src/git/access.ts';
import { createMirrors } from '../../src/git/mirror.ts';
import type { Mirror } from '../../src/git/mirror.ts';
import { gitHttpServer } from './git-http-server.ts';
import type { GitHttpServer, GitHttpServerOptions } from './git-http-server.ts';
import { gitRemote } from './git-remote.ts';
import type { Files, GitRemote } from './git-remote.ts';

export const CREDENTIALS = { username: 'x-access-token', password: 'ghs_0123456789abcdefToken' };

/** No certificates but the usual ones. */
const USUAL = { NODE_EXTRA_CA_CERTS: '', SSL_CERT_FILE: '', CURL_CA_BUNDLE: '', GIT_SSL_CAINFO: '' };

export interface HttpMirrorOptions extends Pick<GitHttpServerOptions, 'credentials' | 'tls'> {
  /** Null: nothing has been committed. */
  files?: Files | null;
  env?: Record<string, string>;
  idleSeconds?: number;
}

export interface HttpMirror extends AsyncDisposable {
  remote: GitRemote;
  http: GitHttpServer;
  home: string;
  mirror: Mirror;
  access: GitAccess;
}

/** A forge's git server, and the mirror of its repository. */
export async function httpMirror(options: HttpMirrorOptions = {}): Promise<HttpMirror> {
  const { files = { 'a.txt': 'one\n' }, env = {}, idleSeconds = 1, ...server } = options;
  await using stack = new AsyncDisposableStack();
  const remote = stack.use(await gitRemote(files ? { files } : {}));
  const http = stack.use(await gitHttpServer({ path: remote.path, ...server }));
  const home = join(remote.folder, 'home');
  const mirrors = createMirrors({ home, env: { ...process.env, ...USUAL, ...env }, idleSeconds });
  const mirror = await mirrors.open({ forge: 'github', owner: 'acme', name: 'shop' });
  const access: GitAccess = { url: http.url, ...(server.credentials && { credentials: server.credentials }) };
  const kept = stack.move();
  return { remote, http, home, mirror, access, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
