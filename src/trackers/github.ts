import { BelayError } from '../contracts/errors.ts';
import type { Tracker } from './tracker.ts';

export interface GitHubTrackerOptions {
  token?: string;
  apiUrl: string;
}

export function createGitHubTracker(_options: GitHubTrackerOptions): Tracker {
  const notYet = () => Promise.reject(new BelayError({ code: 'internal', message: 'GitHub' }));
  return {
    name: 'github',
    getIssue: notYet,
    listIssues: notYet,
    createIssue: notYet,
    upsertComment: notYet,
    closeIssue: notYet,
    addLabels: notYet,
  };
}
