import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import type { ReplayResult, WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { PIPELINES } from '../../src/contracts/constants.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { loadWorkflowBundle } from '../../src/temporal/workflow-bundle.ts';
import { installLogger } from '../../src/worker.ts';
import { payloadsOf, readHistory } from '../support/histories.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const HISTORIES = fileURLToPath(new URL('histories/', import.meta.url));
const CHANGED = fileURLToPath(new URL('changed-pipelines.fixture.ts', import.meta.url));
const quiet = createLog({ level: 'silent' });

let texts: Map<string, string>;
beforeAll(async () => {
  installLogger(quiet);
  const files = (await readdir(HISTORIES)).toSorted();
  texts = new Map(await Promise.all(files.map(async (file) => [file, await readFile(join(HISTORIES, file), 'utf8')] as const)));
});

/** What is wrong with each history under this code. */
async function replay(workflowBundle: WorkflowBundle, names: readonly string[]): Promise<Record<string, string>> {
  const histories = names.map((name) => ({ workflowId: name, history: readHistory(texts.get(name) ?? '') }));
  const wrong: Record<string, string> = {};
  const results: AsyncIterable<ReplayResult> = Worker.runReplayHistories({ workflowBundle }, histories);
  for await (const { workflowId, error } of results) if (error) wrong[workflowId] = `${error.name}: ${error.message}`;
  return wrong;
}

describe('recorded histories', () => {
  // A change that fails here: before the first release record them anew (scripts/record-histories.ts), after it use `patched`.
  it('go on under the code of today', async () => {
    await using folder = await temporaryDirectory();
    expect(await replay(await loadWorkflowBundle(folder.path), [...texts.keys()])).toEqual({});
  });

  it('do not go on under code that decides otherwise', async () => {
    const changed = await bundleWorkflowCode({
      workflowsPath: CHANGED,
      logger: { ...console, log() {}, trace() {}, debug() {}, info() {} },
    });
    const wrong = await replay(changed, ['planBuild.json']);
    expect(wrong['planBuild.json']).toMatch(/^DeterminismViolationError: /);
  });

  it('are there for every pipeline, every wait, and for runs that parked, were retried, rolled back or cancelled', () => {
    const waits = ['wait-approval', 'wait-approval-expired', 'wait-usage-limit', 'wait-message'];
    for (const name of [...PIPELINES, ...waits, 'sdlc-parked', 'sdlc-retried-2', 'sdlc-rolled-back-2', 'sdlc-cancelled'])
      expect([...texts.keys()]).toContain(`${name}.json`);
  });

  it('tell nothing of the machine that they were recorded on', () => {
    for (const [file, text] of texts) {
      const all = [text, ...payloadsOf(text)].join('\n');
      expect(all.match(/(?<!\w)\/(tmp|root|home|work|Users|var)\/[^"\\ ]*/g) ?? [], file).toEqual([]);
      expect(all.match(/"identity":"(?!\d+@host"|[0-9a-f]{8}@[0-9a-f]+")[^"]*"/g) ?? [], file).toEqual([]);
    }
  });
});
