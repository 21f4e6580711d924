import { z } from 'zod';
import { PHASES } from '../../contracts/constants.ts';
import { BelayError } from '../../contracts/errors.ts';
import { repositoryOfRun } from '../../contracts/repository.ts';
import type { RunView } from '../../contracts/run-view.ts';
import { stateAt } from '../../contracts/versions.ts';
import { withoutUndefined } from '../../contracts/without-undefined.ts';
import { diffOfRun, MAX_DIFF_BYTES } from '../../run-files/diff-names.ts';
import { buildTrace } from '../../run-files/trace.ts';
import { audited } from '../audit.ts';
import { defineRoute } from '../route.ts';
import type { RawCall, Route } from '../route.ts';
import { commentBody } from '../schemas/orders.ts';
import { pageOf, pageOfSchema, pageQuery } from '../schemas/page.ts';
import { runId, runParams, time } from '../schemas/run.ts';
import { nothing, visibleRun } from '../visible-run.ts';

/** What the routes about one run's records have in common. */
const RECORD = { method: 'get', tag: 'Records', access: 'viewer', params: runParams } as const;

const step = z.looseObject({
  number: z.int(),
  name: z.string(),
  phase: z.enum(PHASES),
  status: z.string(),
  attempt: z.int(),
  startedAt: time,
  completedAt: time.optional(),
  durationMs: z.int().optional(),
  summary: z.string().optional(),
});

const steps = defineRoute({
  ...RECORD,
  path: '/api/runs/{id}/steps',
  summary: 'What a run did, step by step, with what agents used in each',
  query: pageQuery,
  success: { status: 200, description: 'A page of steps', schema: pageOfSchema(step.extend({ sessions: z.array(z.looseObject({})) })) },
  async handle(call) {
    const { ledger } = call.deps;
    const { id } = await visibleRun(call, call.params.id);
    const [all, sessions] = await Promise.all([ledger.listSteps(id), ledger.listSessions(id)]);
    const byStep = Map.groupBy(sessions, (session) => session.step);
    return {
      json: pageOf(
        all.map((each) => ({ ...each, sessions: byStep.get(each.number) ?? [] })),
        call.query,
      ),
    };
  },
});

const version = z.looseObject({
  version: z.int(),
  at: time,
  what: z.string(),
  phase: z.enum(PHASES).optional(),
  by: z.string().optional(),
});

const history = defineRoute({
  ...RECORD,
  path: '/api/runs/{id}/history',
  summary: 'How a run stood after each phase and each order: what it can be rolled back to',
  query: pageQuery,
  success: { status: 200, description: 'A page of versions, the oldest first', schema: pageOfSchema(version) },
  async handle(call) {
    const { id } = await visibleRun(call, call.params.id);
    const versions = await call.deps.ledger.listVersions(id);
    const { items, ...page } = pageOf(versions, call.query);
    const whole = items.map(({ results: _results, facts: _facts, ...about }) => ({ ...about, ...stateAt(versions, about.version) }));
    return { json: { items: whole, ...page } };
  },
});

const plan = defineRoute({
  ...RECORD,
  path: '/api/runs/{id}/plan',
  summary: 'The plan of a run',
  success: { status: 200, description: 'Markdown, as the agent wrote it', mediaType: 'text/markdown' },
  problems: ['earlier_work_missing', 'artifact_store_unusable'],
  async handle(call) {
    const run = await visibleRun(call, call.params.id);
    const record = run.plan && (await call.deps.ledger.getArtifact(run.plan.artifactId));
    if (!record) throw nothing(`Run ${run.id} has no plan.`);
    return { headers: { 'content-type': 'text/markdown; charset=utf-8' }, body: await call.deps.files.readArtifact(record) };
  },
});

const diff = defineRoute({
  ...RECORD,
  path: '/api/runs/{id}/diff',
  summary: 'What a run has changed so far',
  success: { status: 200, description: 'A unified diff; the header `Belay-Truncated` says that it was longer', mediaType: 'text/x-diff' },
  problems: ['earlier_work_missing', 'artifact_store_unusable'],
  async handle(call) {
    const run = await visibleRun(call, call.params.id);
    const { baseSha, headSha } = run;
    if (!baseSha || !headSha) throw nothing(`Run ${run.id} has changed nothing yet.`);
    const between = { from: baseSha, to: headSha };
    const { text, truncated } = (await diffHere(call, run, between)) ?? (await diffLeft(call, run, between));
    return { headers: { 'content-type': 'text/x-diff; charset=utf-8', ...(truncated ? { 'belay-truncated': 'true' } : {}) }, body: text };
  },
});

interface Diff {
  text: string;
  truncated: boolean;
}

/** By the commits themselves, where this host has them. */
async function diffHere({ deps }: Pick<RawCall, 'deps'>, run: RunView, between: { from: string; to: string }): Promise<Diff | undefined> {
  const mirror = await deps.mirrors.open(repositoryOfRun(run));
  const isHere = (await mirror.hasCommit(between.from)) && (await mirror.hasCommit(between.to));
  return isHere ? mirror.diff({ ...between, maxBytes: MAX_DIFF_BYTES }) : undefined;
}

/** As the host that made the commits has left it. */
async function diffLeft({ deps }: Pick<RawCall, 'deps'>, run: RunView, between: { from: string; to: string }): Promise<Diff> {
  const left = await deps.ledger.listArtifacts(run.id);
  for (const isCut of [false, true]) {
    const found = left.find(({ kind, name }) => kind === 'diff' && name.endsWith(diffOfRun({ ...between, isCut })));
    if (found) return { text: await deps.files.readArtifact(found), truncated: isCut };
  }
  throw elsewhere(run);
}

const elsewhere = ({ id }: RunView): BelayError =>
  new BelayError({
    code: 'earlier_work_missing',
    message: `The commits of run ${id} are not on this machine.`,
    hint: 'Its pull request shows them, and so does the API on the host that did the work.',
  });

const trace = defineRoute({
  ...RECORD,
  path: '/api/runs/{id}/trace',
  summary: 'Phases and sessions of a run with durations, tokens and cost',
  success: { status: 200, description: 'As in trace.json of its folder', schema: z.looseObject({ runId, totals: z.looseObject({}) }) },
  async handle(call) {
    const { ledger } = call.deps;
    const view = await visibleRun(call, call.params.id);
    const [recorded, sessions] = await Promise.all([ledger.listSteps(view.id), ledger.listSessions(view.id)]);
    return { json: buildTrace({ view, steps: recorded, sessions }) };
  },
});

const comment = z
  .object({
    id: z.int(),
    runId,
    step: z.int().optional(),
    author: z.string(),
    text: z.string(),
    metadata: z.record(z.string(), z.unknown()).optional(),
    createdAt: time,
  })
  .meta({ id: 'Comment' });

const comments = defineRoute({
  ...RECORD,
  path: '/api/runs/{id}/comments',
  summary: 'Notes that were left on a run and its steps',
  query: pageQuery,
  success: { status: 200, description: 'A page of notes, the oldest first', schema: pageOfSchema(comment) },
  async handle(call) {
    const { id } = await visibleRun(call, call.params.id);
    return { json: pageOf(await call.deps.ledger.listComments({ runId: id }), call.query) };
  },
});

const addComment = defineRoute({
  ...RECORD,
  method: 'post',
  access: 'operator',
  path: '/api/runs/{id}/comments',
  summary: 'Leave a note on a run, or on one of its steps. Agents do not read it',
  body: commentBody,
  success: { status: 201, description: 'The note', schema: comment },
  async handle(call) {
    const { deps, caller, body } = call;
    const { id } = await visibleRun(call, call.params.id);
    const added = { runId: id, author: caller.name, createdAt: new Date().toISOString(), text: body.text };
    const detail = withoutUndefined({ step: body.step });
    const add = () => deps.ledger.addComment({ ...added, ...withoutUndefined({ step: body.step, metadata: body.metadata }) });
    const json = await audited(call, { action: 'run.comment', runId: id, detail }, () => add().catch(noStep));
    return { json };
  },
});

function noStep(error: unknown): never {
  throw error instanceof BelayError && error.code === 'invalid_input' ? nothing(error.message) : error;
}

export const RECORD_ROUTES: readonly Route[] = [history, steps, plan, diff, trace, comments, addComment];
