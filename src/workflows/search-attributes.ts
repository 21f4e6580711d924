import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { PhaseName, RunStatus } from '../contracts/constants.ts';

const statusKey = defineSearchAttributeKey('BelayStatus', SearchAttributeType.KEYWORD);
const phaseKey = defineSearchAttributeKey('BelayPhase', SearchAttributeType.KEYWORD);

/** Lets Temporal's lists find the run by where it stands. */
export const findByStatus = (status: RunStatus): void => upsertSearchAttributes([{ key: statusKey, value: status }]);
export const findByPhase = (phase: PhaseName): void => upsertSearchAttributes([{ key: phaseKey, value: phase }]);
