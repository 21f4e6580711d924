import type { RepositoryName, TokenSource } from './token.ts';
import { BelayError } from '../contracts/errors.ts';
import { repositorySlug } from '../contracts/repository.ts';
import { createTransport } from './transport.ts';

export interface GitHubApp {
  id: string;
  /** In PEM format, as it is now. */
  privateKey: () => string;
}

interface AppTokenOptions {
  app: GitHubApp;
  apiUrl: string;
  host: string;
  env: NodeJS.ProcessEnv;
  timeoutMs: number;
}

interface Minting {
  mint(about: RepositoryName, options: { refresh: boolean }): Promise<string>;
  /** What the app is called where it writes. */
  login(): Promise<string>;
}

/** Tokens of an app's installations, each for one repository and one hour, minted when they are needed and held in memory only. */
export function appTokenSource(options: AppTokenOptions): TokenSource {
  const stale = new Set<string>();
  let minting: Promise<Minting> | undefined;
  let login: string | undefined;
  let key = '';
  /** With another key, what the former one was good for is not asked of GitHub any more. */
  const present = (): Promise<Minting> => {
    const now = options.app.privateKey();
    if (now !== key) minting = undefined;
    key = now;
    return (minting ??= createMinting(options, key));
  };
  return {
    isApp: true,
    async get(about) {
      if (!about) return undefined;
      try {
        const { mint } = await present();
        return await mint(about, { refresh: stale.delete(repositorySlug(about)) });
      } catch (error) {
        // The next time with the key of then, and the installation: one that was put back has another number.
        minting = undefined;
        throw appFailure(error, options, repositorySlug(about));
      }
    },
    async login() {
      try {
        return (login ??= await (await present()).login());
      } catch (error) {
        minting = undefined;
        throw appFailure(error, options, 'itself');
      }
    },
    forget(about) {
      if (about) stale.add(repositorySlug(about));
    },
  };
}

async function createMinting({ app, apiUrl, env, timeoutMs }: AppTokenOptions, privateKey: string): Promise<Minting> {
  const [{ createAppAuth }, { Octokit }] = await Promise.all([import('@octokit/auth-app'), import('@octokit/rest')]);
  const { request } = new Octokit({
    baseUrl: apiUrl.replace(/\/+$/, ''),
    userAgent: 'belay',
    request: { fetch: createTransport({ env, timeoutMs }) },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
  const auth = createAppAuth({ appId: app.id, privateKey, request });
  const asApp = async (): Promise<{ authorization: string }> => ({ authorization: `Bearer ${(await auth({ type: 'app' })).token}` });
  const installations = new Map<string, number>();
  const installationOf = async (about: RepositoryName): Promise<number> => {
    const known = installations.get(repositorySlug(about));
    if (known !== undefined) return known;
    const { data } = await request('GET /repos/{owner}/{repo}/installation', {
      owner: about.owner,
      repo: about.name,
      headers: await asApp(),
    });
    installations.set(repositorySlug(about), data.id);
    return data.id;
  };
  return {
    async mint(about, { refresh }) {
      const installationId = await installationOf(about);
      const { token } = await auth({ type: 'installation', installationId, repositoryNames: [about.name], refresh });
      return token;
    },
    login: async () => `${(await request('GET /app', { headers: await asApp() })).data?.slug}[bot]`,
  };
}

/** Failures are thrown, and told by whoever asked. */
const ignore = (): void => {};

function appFailure(cause: unknown, { host, app }: AppTokenOptions, slug: string): unknown {
  if (cause instanceof BelayError) return cause;
  const status = cause instanceof Error && 'status' in cause && typeof cause.status === 'number' ? cause.status : undefined;
  if (status === 404)
    return new BelayError({
      code: 'forge_forbidden',
      message: `The app ${app.id} is not installed on ${slug} on ${host}.`,
      hint: "Install it there: on the app's page on GitHub, under Install App.",
      cause,
    });
  if (status === 401 || status === 403 || status === undefined)
    return new BelayError({
      code: 'forge_not_logged_in',
      message: `${host} gives the app ${app.id} no token for ${slug}: its id and its key do not belong together, or the key cannot be read.`,
      hint: 'Check GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY; docs/github.md says where they come from.',
      cause,
    });
  return new BelayError({
    code: 'forge_unreachable',
    message: `${host} gave the app ${app.id} no token for ${slug} (${status}).`,
    cause,
  });
}
