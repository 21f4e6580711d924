import { readFile, rm } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { orchestratorActivities } from '../../src/activities/index.ts';
import { createRunFiles } from '../../src/run-files/run-files.ts';
import { createFolderStore } from '../../src/run-files/store/folder-store.ts';
import { activityHost, leaseOf } from '../support/activity-host.ts';
import { exampleRun } from '../support/example-run.ts';

const { runId, workflowId } = leaseOf(1);

test('a comment has the plan that only the store of all hosts has, without anything from the remote', async () => {
  await using host = await activityHost();
  const { repository, deps } = host;
  const store = createFolderStore({ folder: join(host.remote.folder, 'store') });
  const files = createRunFiles({ home: deps.home, store });
  const plan = await files.writeArtifact({ runId, kind: 'plan', name: 'plan.md', text: 'Write three' });
  const path = files.absolute(plan.path);
  await store.put(plan, createReadStream(path));
  await rm(path);
  await deps.ledger.recordArtifact(plan);
  await deps.ledger.recordRun(exampleRun({ id: runId, workflowId, plan: { artifactId: plan.id, hash: plan.hash } }));
  const { key, url } = await deps.trackers.local.createIssue({ repository, title: 'Totals', body: 'Mend them.' });
  const issue = { tracker: 'local', repository, key } as const;
  const mirrors = { ...deps.mirrors, open: () => Promise.reject(new Error('The remote is away.')) };
  const { commentProgress } = orchestratorActivities({ ...deps, files, mirrors });
  await new MockActivityEnvironment().run(commentProgress, { issue, runId });
  expect(await readFile(url.replace(/\.md$/, '.comments/1.md'), 'utf8')).toContain('Write three');
});
