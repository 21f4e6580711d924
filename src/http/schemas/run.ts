import { z } from 'zod';
import { APPROVALS, ENGINES, PHASES, PIPELINES, PRIORITIES, RUN_STATUSES, WORKSPACE_KINDS } from '../../contracts/constants.ts';
import type { RunView } from '../../contracts/run-view.ts';

/** What the API's document says of a run. It describes what is sent; nothing that Belay itself has written is checked again. */

export const time = z.iso.datetime().meta({ description: 'ISO-8601, UTC' });
const count = z.int().min(0);
const usd = z.number().min(0).meta({ description: 'US dollars' });

export const runId = z
  .string()
  .regex(/^[0-9a-hjkmnp-tv-z]{8}$/, 'must be the id of a run: 8 characters')
  .meta({ id: 'RunId', description: 'A run, by its whole id', example: '0k3v9x2a' });

const trouble = z.looseObject({ code: z.string(), message: z.string(), hint: z.string().optional(), step: z.string().optional() });
const session = z.looseObject({ name: z.string(), engine: z.string(), id: z.string(), costUsd: usd, tokens: count });

const phase = z.looseObject({
  name: z.enum(PHASES),
  status: z.enum(['pending', 'running', 'retrying', 'completed', 'failed', 'skipped', 'cancelled']),
  attempts: count,
  startedAt: time.optional(),
  completedAt: time.optional(),
  durationMs: count.optional(),
  summary: z.string().optional(),
  error: trouble.optional(),
  sessions: z.array(session),
  evidence: z.looseObject({}).optional().meta({ description: 'Of a check that Belay itself ran' }),
});

const issue = z.looseObject({ tracker: z.string(), repository: z.string(), key: z.string(), title: z.string(), url: z.string() });

const requested = z.looseObject({
  engine: z.enum(ENGINES).optional(),
  model: z.string().optional(),
  budgetUsd: usd.optional(),
  workspace: z.enum(WORKSPACE_KINDS).optional(),
  approve: z.array(z.enum(APPROVALS)).optional(),
  priority: z.literal(PRIORITIES).optional(),
});

const state = {
  status: z.enum(RUN_STATUSES),
  waitingFor: z.enum(['approval', 'usage_limit', 'rate_limit', 'breaker', 'workspace']).optional(),
  waitingUntil: time.optional(),
  waitingMessage: z.string().optional(),
  approval: z.looseObject({ of: z.enum(APPROVALS), hash: z.string(), since: time.optional() }).optional(),
  approvals: z.array(z.looseObject({ of: z.enum(APPROVALS), hash: z.string(), by: z.string().optional(), at: time })).optional(),
  parkedSince: time.optional(),
  parkedUntil: time.optional(),
  outcome: z.enum(['pull_request', 'no_changes', 'phase_done']).optional(),
  currentStep: z.string().optional(),
  workspace: z.looseObject({ kind: z.enum(WORKSPACE_KINDS), host: z.string() }).optional(),
  phases: z.array(phase),
  errors: z.array(trouble.extend({ phase: z.enum(PHASES).optional() })),
};

const fields = {
  id: runId,
  workflowId: z.string(),
  version: z.int().meta({ description: 'Rises with every change' }),
  pipeline: z.enum(PIPELINES),
  ...state,
  issue: issue.optional(),
  request: z.string().optional(),
  issueClass: z.string().optional(),
  repository: z.string().meta({ description: 'owner/name' }),
  branch: z.string().optional(),
  base: z.string().optional(),
  baseSha: z.string().optional(),
  headSha: z.string().optional(),
  engine: z.string(),
  model: z.string().optional(),
  requested: requested.optional(),
  labelled: z.looseObject({}).optional(),
  continues: runId.optional(),
  plan: z.looseObject({ artifactId: z.string(), hash: z.string() }).optional(),
  review: z.looseObject({ artifactId: z.string() }).optional(),
  summary: z.string().optional(),
  pullRequest: z.looseObject({ number: z.int(), url: z.string(), title: z.string() }).optional(),
  diffStat: z.string().optional(),
  costUsd: usd,
  budgetUsd: usd.optional(),
  triggeredBy: z.string(),
  createdAt: time,
  startedAt: time.optional(),
  completedAt: time.optional(),
  durationMs: count.optional(),
} satisfies Record<keyof RunView, z.ZodType>;

export const runSchema = z.looseObject(fields).meta({ id: 'Run', description: 'A run: the same JSON as `belay show --json`' });

/** Of the path of every route that is about one run. */
export const runParams = z.strictObject({ id: runId });
