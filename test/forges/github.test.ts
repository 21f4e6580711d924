import { expect, test } from 'vitest';
import { createGitHubForge } from '../../src/forges/github.ts';
import { gitHubServer } from '../support/github.ts';

test('thin', async () => {
  await using github = await gitHubServer();
  const forge = createGitHubForge({ client: github.client(), gitUrl: 'http://x/{owner}/{repo}.git' });
  expect(await forge.describeRepository(github.repository)).toEqual({ repository: github.repository, defaultBranch: 'main' });
  await github.remote.commit({ 'a.txt': 'a' }, { branch: 'belay/one' });
  const made = await forge.createPullRequest({
    repository: github.repository,
    branch: 'belay/one',
    base: 'main',
    title: 'One',
    body: 'x\n\n<!-- belay github:acme/shop#1 -->',
    headSha: '',
    reviewers: ['ada'],
    labels: ['bot'],
  });
  console.log(made);
  console.log(
    await forge.updatePullRequest({
      repository: github.repository,
      number: made.number,
      title: 'Two',
      body: 'y\n\n<!-- belay github:acme/shop#1 -->',
      headSha: '',
    }),
  );
});
