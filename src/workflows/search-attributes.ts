import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { PhaseName, RunStatus } from '../contracts/constants.ts';

const statusKey = defineSearchAttributeKey('BelayStatus', SearchAttributeType.KEYWORD);
const phaseKey = defineSearchAttributeKey('BelayPhase', SearchAttributeType.KEYWORD);

interface Place {
  status?: RunStatus;
  phase?: PhaseName;
}

/** Lets Temporal's lists find the run by where it stands. */
export function findBy({ status, phase }: Place): void {
  const known = workflowInfo().typedSearchAttributes;
  // A run that was started without a status is on a service that does not know these attributes: each would fail its workflow task.
  if (known.get(statusKey) === undefined) return;
  const wanted = [
    { key: statusKey, value: status },
    { key: phaseKey, value: phase },
  ];
  const changed = wanted.flatMap(({ key, value }) => (value === undefined || value === known.get(key) ? [] : [{ key, value }]));
  if (changed.length > 0) upsertSearchAttributes(changed);
}
