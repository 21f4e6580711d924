import { createGitHubClient } from '../../src/github/client.ts';

/** Asks the GitHub at this address for its user, in a process of its own: Node reads its authorities at the start. */
const client = createGitHubClient({ token: () => 'ghp_test', apiUrl: process.argv[2] ?? '', env: process.env, retryMs: 1 });
try {
  const login = await client.call(
    { doing: 'say who this is' },
    async (octokit) => (await octokit.rest.users.getAuthenticated()).data.login,
  );
  process.stdout.write(login);
} catch (error) {
  process.stdout.write(error instanceof Error && 'hint' in error ? `${error.message}\n${String(error.hint)}` : String(error));
}
