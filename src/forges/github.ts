import type { Forge } from './forge.ts';
import { BelayError } from '../contracts/errors.ts';

export interface GitHubOptions {
  /** Undefined: public repositories can be read, nothing can be written. */
  token?: string;
  /** REST, such as `https://api.github.com` or `https://github.example.com/api/v3`. */
  apiUrl: string;
  /** Where git is, with `{owner}` and `{repo}`. */
  gitUrl: string;
}

export function createGitHubForge(_options: GitHubOptions): Forge {
  const notYet = () => Promise.reject(new BelayError({ code: 'internal', message: 'GitHub' }));
  return {
    name: 'github',
    gitAccess: notYet,
    describeRepository: notYet,
    readFile: notYet,
    findPullRequest: notYet,
    createPullRequest: notYet,
    updatePullRequest: notYet,
  };
}
