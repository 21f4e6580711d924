import { BelayError } from '../../contracts/errors.ts';
import type { RunSort } from '../../contracts/service-records.ts';
import { withoutUndefined } from '../../contracts/without-undefined.ts';
import { isClosed } from '../../orders/open-run.ts';
import { audited } from '../audit.ts';
import { defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import { startRunBody } from '../schemas/orders.ts';
import { runPageSchema, runsQuery } from '../schemas/run-page.ts';
import { runParams, runSchema } from '../schemas/run.ts';
import { startOnce, startOrJoin } from '../start-run.ts';
import { visibleRun } from '../visible-run.ts';

const startRun = defineRoute({
  method: 'post',
  path: '/api/runs',
  summary: 'Start a run of an issue, or of a request in words',
  tag: 'Runs',
  access: 'operator',
  body: startRunBody,
  idempotent: true,
  success: { status: 202, description: 'It is on its way: `Location` is where it can be followed', schema: runSchema },
  problems: ['run_open', 'key_in_use', 'key_reused', 'issue_not_found', 'repository_not_found', 'temporal_unreachable'],
  async handle(call) {
    const { key, body } = call;
    const { runId, status } = await (key === undefined ? startOrJoin(call, body) : startOnce(call, { key, body }));
    return { status, json: await visibleRun(call, runId), headers: { location: `/api/runs/${runId}` } };
  },
});

const listRuns = defineRoute({
  method: 'get',
  path: '/api/runs',
  summary: 'Runs by filter, a page of them',
  tag: 'Runs',
  access: 'viewer',
  query: runsQuery,
  success: { status: 200, description: 'A page. `total` is exact up to 10,000, then at least that', schema: runPageSchema },
  async handle({ deps, caller, query }) {
    const { issue, sort, repository, page, limit, ...filter } = query;
    const found = await deps.ledger.pageRuns({
      ...withoutUndefined(filter),
      ...(repository ? { repository: repository.toLowerCase() } : {}),
      ...(issue ? { issueKey: issue.replace('#', '') } : {}),
      ...sorting(sort),
      ...(caller.repositories ? { repositories: caller.repositories } : {}),
      page,
      limit,
    });
    return { json: { ...found, page, limit } };
  },
});

function sorting(sort: string): { sort: RunSort; descending: boolean } {
  return { sort: sort.replace('-', '') as RunSort, descending: sort.startsWith('-') };
}

const getRun = defineRoute({
  method: 'get',
  path: '/api/runs/{id}',
  summary: 'One run',
  tag: 'Runs',
  access: 'viewer',
  params: runParams,
  success: { status: 200, description: 'How it stands, as the ledger knows it', schema: runSchema },
  handle: async (call) => ({ json: await visibleRun(call, call.params.id) }),
});

const deleteRun = defineRoute({
  method: 'delete',
  path: '/api/runs/{id}',
  summary: 'Remove a closed run, with everything that is recorded of it and the files that it left here',
  tag: 'Runs',
  access: 'admin',
  params: runParams,
  success: { status: 204, description: 'It is gone' },
  problems: ['wrong_state'],
  async handle(call) {
    const { deps, params } = call;
    const run = await visibleRun(call, params.id);
    if (!isClosed(run)) throw open(run.id);
    await audited(call, { action: 'run.delete', runId: run.id, target: run.repository }, async () => {
      await deps.ledger.deleteRun(run.id);
      await deps.files.remove(run.id);
    });
    return {};
  },
});

const open = (id: string): BelayError =>
  new BelayError({ code: 'wrong_state', message: `Run ${id} is open: only closed runs can be removed.`, hint: 'Cancel it first.' });

export const RUN_ROUTES: readonly Route[] = [startRun, listRuns, getRun, deleteRun];
