import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createBreakers } from '../../src/activities/breakers.ts';
import { guardForges } from '../../src/activities/guarded-forges.ts';
import { createGitHubForge } from '../../src/forges/github.ts';
import { createLocalForge } from '../../src/forges/local.ts';
import { createGitHubClient } from '../../src/github/client.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { createGitHubTracker } from '../../src/trackers/github.ts';
import { createLocalTracker } from '../../src/trackers/local.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Reserved for nothing: every connection is refused. */
const NOBODY = 'http://127.0.0.1:9';
const repository = { forge: 'github', owner: 'acme', name: 'shop' } as const;

it('a forge that cannot be reached is left alone, by its tracker and its git too; the local one never is', async () => {
  await using home = await temporaryDirectory();
  await using ledger = await openLedger({ path: join(home.path, 'ledger.db') });
  const onProblem = (error: unknown): never => {
    throw error;
  };
  const client = createGitHubClient({ token: () => 'ghp_test', apiUrl: NOBODY, env: {}, retryMs: 1 });
  const { forges, trackers } = guardForges(
    {
      forges: {
        local: createLocalForge({ home: home.path }),
        github: createGitHubForge({ client, gitUrl: `${NOBODY}/{owner}/{repo}.git` }),
      },
      trackers: { local: createLocalTracker({ home: home.path }), github: createGitHubTracker({ client }) },
    },
    createBreakers({ ledger, onProblem, failures: 2, openMs: 60_000, successes: 2 }),
  );
  await expect(forges.github.describeRepository(repository)).rejects.toMatchObject({ code: 'forge_unreachable' });
  await expect(forges.github.gitAccess(repository)).resolves.toHaveProperty('url');
  // Whose failure is the last one waits as well.
  await expect(trackers.github.listIssues({ repository })).rejects.toMatchObject({ code: 'breaker_open' });
  await expect(forges.github.gitAccess(repository)).rejects.toMatchObject({ code: 'breaker_open' });
  await expect(forges.github.describeRepository(repository)).rejects.toMatchObject({ code: 'breaker_open' });
  await expect(forges.local.describeRepository({ ...repository, forge: 'local' })).rejects.toMatchObject({ code: 'repository_not_found' });
});
