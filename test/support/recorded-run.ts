import type { RunView } from '../../src/contracts/run-view.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createRunFiles } from '../../src/run-files/run-files.ts';
import { exampleSession } from './example-records.ts';
import { exampleRun } from './example-run.ts';

interface Recording {
  home: string;
  ledger: Ledger;
  /** With its id, and a workflow id of its own. */
  run: Partial<RunView> & Pick<RunView, 'id' | 'workflowId'>;
}

const at = '2026-11-20T10:00:00.000Z';

/** A run with a record of every kind, whose plan is a file. Gives the plan's id. */
export async function recordedRun({ home, ledger, run }: Recording): Promise<string> {
  const { id: runId } = run;
  const plan = await createRunFiles({ home }).writeArtifact({ runId, step: 1, kind: 'plan', name: 'plan.md', text: '# Plan\n' });
  await ledger.recordRun(exampleRun({ plan: { artifactId: plan.id, hash: plan.hash }, ...run }));
  await ledger.recordArtifact(plan);
  const step = { runId, name: 'plan', phase: 'plan', status: 'completed', attempt: 1 } as const;
  await ledger.recordStep({ ...step, number: 1, startedAt: at, completedAt: at, durationMs: 0 });
  await ledger.recordSession({ ...exampleSession, runId });
  await ledger.recordVersions(runId, [{ version: 1, at, what: 'completed', phase: 'plan', results: {}, facts: {} }]);
  await ledger.appendLogs([{ runId, source: 'a', seq: 1, at, level: 'info', phase: 'plan', step: 1, message: 'Planned.' }]);
  await ledger.addComment({ runId, author: 'ada', text: 'Looks right.', createdAt: at, metadata: { seen: true } });
  return plan.id;
}
