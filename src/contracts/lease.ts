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

/** As a run says it, in every call: the call itself says which execution of which workflow it comes from. */
export type LeaseTicket = Pick<LeaseRef, 'runId' | 'epoch'> & Partial<LeaseRef>;

/** What a call is asked with, before the host has completed who asks. */
export type Asked<Input> = Input extends { lease: LeaseRef }
  ? Omit<Input, 'lease'> & { lease: LeaseTicket }
  : Input extends { step: { lease: LeaseRef } }
    ? Omit<Input, 'step'> & { step: Asked<Input['step']> }
    : Input;

/** Activities as runs call them. */
export type AskedOf<Activities> = {
  [Name in keyof Activities]: Activities[Name] extends (input: infer Input) => infer Output ? (input: Asked<Input>) => Output : never;
};

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
