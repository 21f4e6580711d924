import type { Config } from './config.ts';
import type { Forges } from './forges/forges.ts';
import { createGitHubForge } from './forges/github.ts';
import { createLocalForge } from './forges/local.ts';
import type { GitHubIntake } from './intake/place.ts';
import { createGitHubTracker } from './trackers/github.ts';
import { createLocalTracker } from './trackers/local.ts';
import type { Trackers } from './trackers/trackers.ts';

/** Every place where repositories and issues can live. */
export function composeForges({ home }: Config): { forges: Forges; trackers: Trackers; gitHub: GitHubIntake } {
  const github = { apiUrl: 'https://api.github.com', gitUrl: 'https://github.com/{owner}/{repo}.git' };
  return {
    gitHub: { host: 'github.com', loggedIn: false },
    forges: { local: createLocalForge({ home }), github: createGitHubForge(github) },
    trackers: { local: createLocalTracker({ home }), github: createGitHubTracker(github) },
  };
}
