/** GitHub's own REST API. */
export const GITHUB_API_URL = 'https://api.github.com';

/** The server's name as people and `gh` know it: `github.com`, or an Enterprise server's. */
export function gitHubHost(apiUrl: string): string {
  const { host, pathname } = new URL(apiUrl);
  // `api.github.com`, and `api.acme.ghe.com` for Enterprise with data residency; a server of one's own has its API below `/api/v3`.
  return pathname === '/' && host.startsWith('api.') ? host.slice('api.'.length) : host;
}

/** Where git is, with `{owner}` and `{repo}`: on the server of the API, so that no other ever sees its token. */
export function gitUrlTemplate(apiUrl: string): string {
  return `${new URL(apiUrl).protocol}//${gitHubHost(apiUrl)}/{owner}/{repo}.git`;
}
