import type { WorkspaceKind } from './constants.ts';
import type { RunSettings } from './run-state.ts';

/** Who asks: every effect is checked against the newest of these. */
export interface LeaseRef {
  runId: string;
  workflowId: string;
  /** The Temporal execution's run id. */
  executionId: string;
  epoch: number;
}

/** What a host says when a workspace is ready. */
export interface Grant {
  epoch: number;
  host: string;
  taskQueue: string;
  kind: WorkspaceKind;
  path: string;
  ports: { backend: number; frontend: number };
  baseSha: string;
  /** The commit that the workspace stands on. */
  commit: string;
  settings: RunSettings;
  /** The run's checkpoints go to the remote. */
  handover?: true;
}
