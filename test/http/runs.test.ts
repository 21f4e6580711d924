import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import { localTarget } from '../../src/temporal/connection.ts';
import { startTestApi } from '../support/api.ts';
import type { TestApi } from '../support/api.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import type { BelayProject, ProjectOptions } from '../support/belay-project.ts';
import { openSocket } from '../support/event-socket.ts';
import { openStream } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay({ BELAY_MAX_WORKSPACES: '2' });
});
afterAll(() => belay[Symbol.asyncDispose]());

interface Served extends AsyncDisposable {
  api: TestApi;
  project: BelayProject;
  post(path: string, body?: unknown, headers?: Record<string, string>): ReturnType<TestApi['call']>;
  until(id: string, wanted: (run: RunView) => boolean): Promise<RunView>;
}

/** An API beside the worker, whose agents play the script of a new project. */
async function serve(options: ProjectOptions = {}): Promise<Served> {
  const project = await belay.project(options);
  const limits = { BELAY_API_CALLS_PER_MINUTE: '100000', BELAY_API_ADDRESS_CALLS_PER_MINUTE: '100000' };
  const settings = { BELAY_SCRIPT: join(dirname(project.path), 'script.yml'), ...limits };
  const api = await startTestApi({ home: belay.home, settings, target: () => Promise.resolve(localTarget(belay.address)) });
  return {
    api,
    project,
    post: (path, body = {}, headers = {}) => api.call('POST', path, { body, headers }),
    until: (id, wanted) =>
      eventually(async () => {
        const run = (await api.call('GET', `/api/runs/${id}`)).json as RunView;
        if (wanted(run)) return run;
        throw new Error(`Run ${id} is ${run.status}: ${JSON.stringify(run.errors)}`);
      }),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

const idOf = (json: unknown): string => (json as { id: string }).id;
const isAsking = ({ status, approval }: RunView): boolean => status === 'waiting' && approval !== undefined;
const hanging = { implement: [{ hang: true }] };

describe('a request by HTTP', () => {
  it('is brought to a pull request, followed to its end, with all that it left', async () => {
    await using served = await serve();
    const { api, project, post } = served;
    const started = await post('/api/runs', { repository: project.path, request: 'Write it down', budgetUsd: 5, priority: 2 });
    expect(started).toMatchObject({ status: 202, json: { status: 'pending', triggeredBy: 'admin' } });
    const id = idOf(started.json);
    expect(started.headers.get('location')).toBe(`/api/runs/${id}`);
    await using events = await openStream({ url: `${api.url}/api/runs/${id}/events`, token: await api.token('viewer') });
    const log = await api.call('GET', `/api/runs/${id}/logs?follow=true`);
    expect(log.text.split('\n').filter((line) => line !== '').length).toBeGreaterThan(5);
    const run = await served.until(id, ({ status }) => status === 'completed');
    const told = (await events.until('end')).map(({ event }) => event);
    expect(told.slice(-2)).toEqual(['run.completed', 'end']);
    expect(told).toEqual(expect.arrayContaining(['run.started', 'step.updated', 'agent.updated', 'artifact.created']));
    expect(run).toMatchObject({ outcome: 'pull_request', request: 'Write it down', requested: { budgetUsd: 5, priority: 2 } });
    expect(await project.git('show', `${run.branch}:notes.md`)).toBe('written down');
    expect((await api.call('GET', `/api/runs/${id}/diff`)).text).toContain('+written down');
    expect((await api.call('GET', `/api/runs/${id}/plan`)).text).toContain('# Plan');
    const { items } = (await api.call('GET', `/api/runs/${id}/artifacts?type=plan`)).json as { items: { download: string }[] };
    expect((await api.call('GET', items[0]?.download ?? '')).text).toContain('Write it down in notes.md');
    expect((await api.call('GET', `/api/runs/${id}/trace`)).json).toMatchObject({ runId: id, status: 'completed' });
    expect((await api.call('GET', `/api/runs/${id}/history`)).json).toMatchObject({ items: expect.arrayContaining([]) as object });
    expect(await api.call('GET', '/ready')).toMatchObject({ status: 200, json: { temporal: 'ok', database: 'ok' } });
    expect((await api.ledger.listAudit({ limit: 10, runId: id })).map(({ action }) => action)).toEqual(['run.start']);
    // Back to before the review: another run goes on from there.
    expect(await post(`/api/runs/${id}/rollback`, { version: 99 })).toMatchObject({ status: 409, json: { code: 'wrong_state' } });
    const back = await post(`/api/runs/${id}/rollback`, { version: 2 });
    expect(back).toMatchObject({ status: 202, json: { how: 'begun' } });
    const { run: next } = back.json as { run: string };
    expect(back.headers.get('location')).toBe(`/api/runs/${next}`);
    expect(await served.until(next, ({ status }) => status === 'completed')).toMatchObject({ continues: id });
  });

  it('sent again with its key is one run', async () => {
    await using served = await serve({ script: hanging });
    const { post, project } = served;
    const body = { repository: project.path, request: 'Write it down' };
    const key = { 'idempotency-key': 'one' };
    const answers = await Promise.all([post('/api/runs', body, key), post('/api/runs', body, key), post('/api/runs', body, key)]);
    const taken = answers.filter(({ status }) => status === 202).map(({ json }) => idOf(json));
    expect(new Set(taken).size).toBe(1);
    for (const { status, json } of answers) if (status !== 202) expect(json).toMatchObject({ status: 409, code: 'key_in_use' });
    const again = await post('/api/runs', body, key);
    expect([again.status, idOf(again.json)]).toEqual([202, taken[0]]);
    expect(await post('/api/runs', { ...body, request: 'Another' }, key)).toMatchObject({ status: 422, json: { code: 'key_reused' } });
    expect((await post('/api/runs', { repository: 'local/none', request: 'x' }, { 'idempotency-key': 'two' })).status).toBe(422);
    // Nothing came of that one: its key is free.
    const free = await post('/api/runs', body, { 'idempotency-key': 'two' });
    expect(free.status).toBe(202);
    expect((await post(`/api/runs/${idOf(free.json)}/cancel`)).status).toBe(202);
    // The same over a socket, which then hears of the end.
    const [run = ''] = taken;
    await using socket = await openSocket({ url: served.api.url, token: await served.api.token('operator') });
    await socket.ask({ type: 'subscribe', runs: [run], after: 0 });
    expect(await socket.ask({ type: 'run.cancel', run })).toMatchObject({ type: 'run.cancelling', run });
    await eventually(async () => expect(await socket.event()).toMatchObject({ type: 'run.completed', data: { status: 'cancelled' } }));
  });
});

describe('an issue that has an open run', () => {
  it('gets no second one: it is named, or joined; cancelled it can be retried', async () => {
    await using served = await serve({ script: hanging });
    const { api, post, project } = served;
    const run = await project.run();
    await run.working('implement');
    const { repository } = await run.view();
    const body = { repository, issue: '1' };
    expect(await post('/api/runs', body)).toMatchObject({ status: 409, json: { code: 'run_open', run: `/api/runs/${run.id}` } });
    expect(await post('/api/runs', { ...body, join: true })).toMatchObject({ status: 200, json: { id: run.id } });
    expect(await post(`/api/runs/${run.id}/retry`)).toMatchObject({ status: 202, json: { how: 'at_work' } });
    expect(await post(`/api/runs/${run.id}/approve`)).toMatchObject({ status: 409, json: { code: 'wrong_state' } });
    expect(await post(`/api/runs/${run.id}/cancel`, { reason: 'not now' })).toMatchObject({ status: 202, json: { run: run.id } });
    await served.until(run.id, ({ status }) => status === 'cancelled');
    expect(await post(`/api/runs/${run.id}/cancel`)).toMatchObject({ status: 409, json: { code: 'wrong_state' } });
    expect(await post(`/api/runs/${run.id}/message`, { text: 'x' })).toMatchObject({ status: 409, json: { code: 'wrong_state' } });
    await project.script({});
    const retried = await post(`/api/runs/${run.id}/retry`, { budgetUsd: 7 });
    expect(retried).toMatchObject({ status: 202, json: { how: 'begun' } });
    const { run: next } = retried.json as { run: string };
    expect(await served.until(next, ({ status }) => status === 'completed')).toMatchObject({ continues: run.id, triggeredBy: 'admin' });
    expect((await api.ledger.listAudit({ limit: 50, runId: run.id })).map(({ action }) => action)).toEqual([
      'run.retry',
      'run.approve',
      'run.approve.refused',
      'run.cancel',
      'run.message',
      'run.message.refused',
      'run.retry',
    ]);
  });
});

describe('a run that waits for a person', () => {
  it('is told something, sent back, and approved', async () => {
    await using served = await serve();
    const { post, project } = served;
    const id = idOf((await post('/api/runs', { repository: project.path, request: 'Write it down', approve: ['plan'] })).json);
    const asking = await served.until(id, isAsking);
    expect(await post(`/api/runs/${id}/message`, { text: 'Keep it short' })).toMatchObject({ status: 202 });
    expect(await post(`/api/runs/${id}/approve`, { hash: '0'.repeat(12) })).toMatchObject({ status: 409, json: { code: 'wrong_state' } });
    await project.script({ plan: [{ say: '# Another plan\n' }] });
    expect(await post(`/api/runs/${id}/reject`, { reason: 'Too long' })).toMatchObject({ status: 202 });
    const again = await served.until(id, (run) => isAsking(run) && run.approval?.hash !== asking.approval?.hash);
    expect(await post(`/api/runs/${id}/approve`, { hash: again.approval?.hash })).toMatchObject({ status: 202 });
    expect(await served.until(id, ({ status }) => status === 'completed')).toMatchObject({ approvals: [{ of: 'plan', by: 'admin' }] });
  });
});
