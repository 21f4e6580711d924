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

export interface RollbackOrder {
  version: number;
  by?: string;
}

export const cancelRunSignal = defineSignal<[{ reason?: string }?]>(CANCEL_SIGNAL);
export const retryRunSignal = defineSignal<[{ phase?: PhaseName; budgetUsd?: number }?]>(RETRY_SIGNAL);
/** Brings a parked run back to a version, by writing a new one: its number is the answer. */
export const rollbackUpdate = defineUpdate<{ version: number }, [RollbackOrder]>(ROLLBACK_UPDATE);
export const leaseGrantedSignal = defineSignal<[Grant]>(GRANT_SIGNAL);
export const statusQuery = defineQuery<RunView>(STATUS_QUERY);

export interface ApproveOrder {
  /** What is approved: refused where it is not what the run asks about by now. */
  planHash?: string;
  by?: string;
}
export interface RejectOrder {
  reason: string;
  by?: string;
}
export const sendMessageSignal = defineSignal<[{ text: string }]>(MESSAGE_SIGNAL);
export const approveUpdate = defineUpdate<{ approved: string }, [ApproveOrder]>(APPROVE_UPDATE);
export const rejectUpdate = defineUpdate<{ rejected: string }, [RejectOrder]>(REJECT_UPDATE);
