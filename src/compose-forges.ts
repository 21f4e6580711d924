import type { Config } from './config.ts';
import type { ForgeName, TrackerName } from './contracts/repository.ts';
import type { Forge } from './forges/forge.ts';
import { createGitHubForge } from './forges/github.ts';
import type { LocalForge } from './forges/local.ts';
import { createLocalForge } from './forges/local.ts';
import { createGitHubClient } from './github/client.ts';
import type { GitHubClient } from './github/client.ts';
import { createGitHubTracker } from './trackers/github.ts';
import type { LocalTracker } from './trackers/local.ts';
import { createLocalTracker } from './trackers/local.ts';
import type { Tracker } from './trackers/tracker.ts';

export type Forges = Record<ForgeName, Forge> & { local: LocalForge };
export type Trackers = Record<TrackerName, Tracker> & { local: LocalTracker };

/** The connection to GitHub as this installation has it set up; nothing is asked of it yet. */
export function composeGitHub({ github, secrets }: Pick<Config, 'github' | 'secrets'>, env: NodeJS.ProcessEnv): GitHubClient {
  return createGitHubClient({ token: secrets.githubToken, apiUrl: github.apiUrl, env });
}

/** Every place where repositories and issues can live. */
export function composeForges(config: Config, env: NodeJS.ProcessEnv): { forges: Forges; trackers: Trackers } {
  const { home, github } = config;
  const client = composeGitHub(config, env);
  return {
    forges: { local: createLocalForge({ home }), github: createGitHubForge({ client, gitUrl: github.gitUrl }) },
    trackers: { local: createLocalTracker({ home }), github: createGitHubTracker({ client }) },
  };
}
