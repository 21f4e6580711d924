import type { Config } from './config.ts';
import type { ForgeName, TrackerName } from './contracts/repository.ts';
import type { Forge } from './forges/forge.ts';
import { createGitHubForge } from './forges/github.ts';
import type { LocalForge } from './forges/local.ts';
import { createLocalForge } from './forges/local.ts';
import { createGitHubTracker } from './trackers/github.ts';
import type { LocalTracker } from './trackers/local.ts';
import { createLocalTracker } from './trackers/local.ts';
import type { Tracker } from './trackers/tracker.ts';

export type Forges = Record<ForgeName, Forge> & { local: LocalForge };
export type Trackers = Record<TrackerName, Tracker> & { local: LocalTracker };

/** Every place where repositories and issues can live. */
export function composeForges({ home }: Config): { forges: Forges; trackers: Trackers } {
  const github = { apiUrl: 'https://api.github.com', gitUrl: 'https://github.com/{owner}/{repo}.git' };
  return {
    forges: { local: createLocalForge({ home }), github: createGitHubForge(github) },
    trackers: { local: createLocalTracker({ home }), github: createGitHubTracker(github) },
  };
}
