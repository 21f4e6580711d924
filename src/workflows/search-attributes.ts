import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { PhaseName, RunStatus } from '../contracts/constants.ts';

const statusKey = defineSearchAttributeKey('BelayStatus', SearchAttributeType.KEYWORD);
const phaseKey = defineSearchAttributeKey('BelayPhase', SearchAttributeType.KEYWORD);

/** Lets Temporal's lists find the run by where it stands. */
export const findByStatus = (status: RunStatus): void => find(statusKey, status);
export const findByPhase = (phase: PhaseName): void => find(phaseKey, phase);

/** A run that was started without a status is on a service that does not know these attributes: each would fail its workflow task. */
function find(key: typeof statusKey, value: string): void {
  if (workflowInfo().typedSearchAttributes.get(statusKey) !== undefined) upsertSearchAttributes([{ key, value }]);
}
