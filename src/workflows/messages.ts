import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  APPROVE_UPDATE,
  CANCEL_SIGNAL,
  GRANT_SIGNAL,
  MESSAGE_SIGNAL,
  REJECT_UPDATE,
  RETRY_SIGNAL,
  ROLLBACK_UPDATE,
  STATUS_QUERY,
} from '../contracts/constants.ts';
import type { PhaseName } from '../contracts/constants.ts';
import type { Grant } from '../contracts/lease.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { Addressed } from './addressed.ts';

export interface RollbackOrder extends Addressed {
  version: number;
  by?: string;
}

export const cancelRunSignal = defineSignal<[(Addressed & { reason?: string })?]>(CANCEL_SIGNAL);
export const retryRunSignal = defineSignal<[(Addressed & { phase?: PhaseName; budgetUsd?: number })?]>(RETRY_SIGNAL);
/** Brings a parked run back to a version, by writing a new one: its number is the answer. */
export const rollbackUpdate = defineUpdate<{ version: number }, [RollbackOrder]>(ROLLBACK_UPDATE);
export const leaseGrantedSignal = defineSignal<[Grant]>(GRANT_SIGNAL);
export const statusQuery = defineQuery<RunView>(STATUS_QUERY);

export interface ApproveOrder extends Addressed {
  /** What is approved: refused where it is not what the run asks about by now. */
  planHash?: string;
  by?: string;
}
export interface RejectOrder extends Addressed {
  reason: string;
  by?: string;
}
export const sendMessageSignal = defineSignal<[Addressed & { text: string }]>(MESSAGE_SIGNAL);
export const approveUpdate = defineUpdate<{ approved: string }, [ApproveOrder]>(APPROVE_UPDATE);
export const rejectUpdate = defineUpdate<{ rejected: string }, [RejectOrder]>(REJECT_UPDATE);
