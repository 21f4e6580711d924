import type { RunView } from '../../src/contracts/run-view.ts';

/** A run of an issue, as far as a test does not say otherwise. */
export function exampleRun(changes: Partial<RunView> = {}): RunView {
  return {
    id: '0123abcd',
    workflowId: 'local:acme/shop#1',
    version: 1,
    pipeline: 'sdlc',
    status: 'running',
    repository: 'acme/shop',
    issue: { tracker: 'local', repository: 'acme/shop', key: '1', title: 'Totals are wrong', url: 'issues/1.md' },
    engine: 'scripted',
    phases: [],
    costUsd: 0,
    errors: [],
    triggeredBy: 'ada',
    createdAt: '2026-11-20T10:00:00.000Z',
    ...changes,
  };
}
