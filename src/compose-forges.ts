import type { Config } from './config.ts';
import type { Forges } from './forges/forges.ts';
import { createGitHubForge } from './forges/github.ts';
import { createLocalForge } from './forges/local.ts';
import { createGitHubClient } from './github/client.ts';
import type { GitHubClient } from './github/client.ts';
import type { GitHubIntake } from './intake/place.ts';
import type { CallRate } from './pacing/call-rate.ts';
import { createGitHubTracker } from './trackers/github.ts';
import { createLocalTracker } from './trackers/local.ts';
import type { Trackers } from './trackers/trackers.ts';

/** The connection to GitHub as this installation has it set up; nothing is asked of it yet. */
export function composeGitHub(
  { github, secrets }: Pick<Config, 'github' | 'secrets'>,
  env: NodeJS.ProcessEnv,
  rate?: CallRate,
): GitHubClient {
  const { app, apiUrl } = github;
  const token = secrets.GITHUB_TOKEN ?? secrets.GH_TOKEN;
  return createGitHubClient({
    token: token && (() => token.current()),
    ...(app ? { app: { id: app.id, privateKey: () => app.key.current() ?? '' } } : {}),
    apiUrl,
    env,
    rate,
  });
}

/** Every place where repositories and issues can live. */
/** `rate`: of calls to GitHub, for who makes many. */
export function composeForges(
  config: Config,
  env: NodeJS.ProcessEnv,
  rate?: CallRate,
): { forges: Forges; trackers: Trackers; gitHub: GitHubIntake; gitHubClient: GitHubClient } {
  const { home, github } = config;
  const client = composeGitHub(config, env, rate);
  return {
    gitHubClient: client,
    gitHub: { host: client.host, loggedIn: async () => client.isApp || (await client.token()) !== undefined },
    forges: { local: createLocalForge({ home }), github: createGitHubForge({ client, gitUrl: github.gitUrl }) },
    trackers: { local: createLocalTracker({ home }), github: createGitHubTracker({ client }) },
  };
}
