import { defineQuery, defineSignal } from '@temporalio/workflow';
import { CANCEL_SIGNAL, GRANT_SIGNAL, RETRY_SIGNAL, STATUS_QUERY } from '../contracts/constants.ts';
import type { PhaseName } from '../contracts/constants.ts';
import type { Grant } from '../contracts/lease.ts';
import type { RunView } from '../contracts/run-view.ts';

export const cancelRunSignal = defineSignal<[{ reason?: string }?]>(CANCEL_SIGNAL);
export const retryRunSignal = defineSignal<[{ phase?: PhaseName; budgetUsd?: number }?]>(RETRY_SIGNAL);
export const leaseGrantedSignal = defineSignal<[Grant]>(GRANT_SIGNAL);
export const statusQuery = defineQuery<RunView>(STATUS_QUERY);
