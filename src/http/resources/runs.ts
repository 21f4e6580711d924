import { repositorySlug } from '../../contracts/repository.ts';
import { BelayError } from '../../contracts/errors.ts';
import type { RunSort } from '../../contracts/service-records.ts';
import { withoutUndefined } from '../../contracts/without-undefined.ts';
import { reserveRun, startReserved, workflowIdOf } from '../../intake/start-run.ts';
import type { Order } from '../../intake/order.ts';
import { isClosed } from '../../orders/open-run.ts';
import { audited } from '../audit.ts';
import { RunInTheWay } from '../problems.ts';
import { defineRoute } from '../route.ts';
import type { Answer, RawCall, Route } from '../route.ts';
import { startRunBody } from '../schemas/orders.ts';
import { runPageSchema, runsQuery } from '../schemas/run-page.ts';
import { runParams, runSchema } from '../schemas/run.ts';
import { orderOf } from '../start-order.ts';
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
  problems: ['run_open', 'issue_not_found', 'repository_not_found', 'temporal_unreachable'],
  async handle(call) {
    const order = await orderOf(call, call.body);
    const runId = await begin(call, order);
    if (runId !== undefined) return runAnswer(call, runId);
    const open = await openRunOf(call, order);
    if (!call.body.join || open === undefined) throw new RunInTheWay({ runId: open });
    return { ...(await runAnswer(call, open)), status: 200 };
  },
});

/** The id of the run; nothing where another run of the issue is open. */
async function begin(call: RawCall, order: Order): Promise<string | undefined> {
  const { deps } = call;
  const { repository, issue, pipeline } = order.input;
  const target = `${repositorySlug(repository)}${issue ? `#${issue.key}` : ''}`;
  const id = await reserveRun(deps, order);
  const started = await audited(call, { action: 'run.start', runId: id, target, detail: { pipeline } }, () =>
    deps.temporal.use((client) => startReserved({ ...deps, client }, order, id)),
  );
  return started.joined ? undefined : id;
}

/** What Temporal says is open in the issue's place. */
async function openRunOf({ deps }: RawCall, { input }: Order): Promise<string | undefined> {
  const workflowId = workflowIdOf(input, '');
  const { memo } = await deps.temporal.use((client) => client.workflow.getHandle(workflowId).describe());
  const runId = memo?.['runId'];
  return typeof runId === 'string' ? runId : undefined;
}

async function runAnswer({ deps }: RawCall, id: string): Promise<Answer> {
  return { json: await deps.ledger.getRun(id), headers: { location: `/api/runs/${id}` } };
}

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
