import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRunFiles } from '../../src/run-files/run-files.ts';
import { startTestApi } from '../support/api.ts';
import type { TestApi } from '../support/api.ts';
import { exampleRun } from '../support/example-run.ts';

const ID = '0123abcd';
const at = (minute: number): string => `2026-11-20T10:${String(minute).padStart(2, '0')}:00.000Z`;
const resources = new AsyncDisposableStack();
let api: TestApi;

beforeAll(async () => {
  api = resources.use(await startTestApi());
  const { ledger, home } = api;
  const files = createRunFiles({ home });
  const left = { runId: ID, phase: 'plan', step: 1, sessionId: 's', kind: 'plan', name: 'plan.md' } as const;
  const plan = await files.writeArtifact({ ...left, text: '# Plan\n' });
  await ledger.recordRun(exampleRun({ plan: { artifactId: plan.id, hash: plan.hash } }));
  await ledger.recordArtifact(plan);
  const step = { runId: ID, attempt: 1, status: 'completed', startedAt: at(1), completedAt: at(2), durationMs: 60_000 } as const;
  await ledger.recordStep({ ...step, number: 1, name: 'plan', phase: 'plan' });
  await ledger.recordStep({ ...step, number: 2, name: 'run-tests', phase: 'test' });
  const tokens = { inputTokens: 1, outputTokens: 2, cacheReadTokens: 3, cacheWriteTokens: 4, costUsd: 0.5, durationMs: 9, success: true };
  await ledger.recordSession({ runId: ID, step: 1, sessionId: 's', name: 'plan', engine: 'scripted', ...tokens });
  await ledger.recordVersions(ID, [
    {
      version: 1,
      at: at(2),
      what: 'completed',
      phase: 'plan',
      results: { plan: { value: { summary: 'planned' } } },
      facts: { checkpoint: 'aa' },
    },
    { version: 2, at: at(3), what: 'parked', phase: 'test', code: 'tests_failing', facts: { checkpoint: 'bb' } },
  ]);
  const entry = { runId: ID, source: 'test', at: at(1) } as const;
  await ledger.appendLogs([
    { ...entry, seq: 1, level: 'info', phase: 'plan', step: 1, message: 'Planned.' },
    { ...entry, seq: 2, level: 'debug', phase: 'test', step: 2, message: 'one\ntwo' },
    { ...entry, seq: 3, level: 'error', phase: 'test', step: 2, message: 'It fails.' },
  ]);
});
afterAll(() => resources.disposeAsync());

const read = async (path: string): Promise<unknown> => (await api.call('GET', path)).json;
const messagesOf = (page: unknown): string[] => (page as { items: { message: string }[] }).items.map(({ message }) => message);

describe('one run', () => {
  it('is the view that the command line shows', async () => {
    expect(await read(`/api/runs/${ID}`)).toEqual(await api.ledger.getRun(ID));
  });

  it('has its steps with what agents used', async () => {
    expect(await read(`/api/runs/${ID}/steps`)).toMatchObject({
      total: 2,
      items: [
        { number: 1, sessions: [{ sessionId: 's', costUsd: 0.5 }] },
        { number: 2, sessions: [] },
      ],
    });
    expect(await read(`/api/runs/${ID}/steps?limit=1&page=2`)).toMatchObject({ total: 2, items: [{ number: 2 }] });
  });

  it('has its history, whole at each version', async () => {
    expect(await read(`/api/runs/${ID}/history`)).toMatchObject({
      items: [
        { version: 1, facts: { checkpoint: 'aa' }, results: { plan: {} } },
        { version: 2, code: 'tests_failing', facts: { checkpoint: 'bb' }, results: { plan: {} } },
      ],
    });
  });

  it('has its plan and its trace', async () => {
    const plan = await api.call('GET', `/api/runs/${ID}/plan`);
    expect(plan).toMatchObject({ status: 200, text: '# Plan\n' });
    expect(plan.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(await read(`/api/runs/${ID}/trace`)).toMatchObject({ runId: ID, sessions: [{ agent: 'plan', tokens: 10 }] });
  });

  it('without a plan or a change says so', async () => {
    await api.ledger.recordRun(exampleRun({ id: '0000aaaa' }));
    for (const part of ['plan', 'diff']) expect(await api.call('GET', `/api/runs/0000aaaa/${part}`)).toMatchObject({ status: 404 });
    const shas = { baseSha: 'a'.repeat(40), headSha: 'b'.repeat(40) };
    await api.ledger.recordRun(exampleRun({ id: '0000aaab', ...shas }));
    expect(await api.call('GET', '/api/runs/0000aaab/diff')).toMatchObject({ status: 409, json: { code: 'earlier_work_missing' } });
  });

  it('takes notes, which the audit knows of', async () => {
    const noted = await api.call('POST', `/api/runs/${ID}/comments`, {
      body: { text: 'Look at this', step: 2, metadata: { kind: 'note' } },
    });
    expect(noted).toMatchObject({ status: 201, json: { author: 'admin', step: 2 } });
    expect(await read(`/api/runs/${ID}/comments`)).toMatchObject({
      total: 1,
      items: [{ text: 'Look at this', metadata: { kind: 'note' } }],
    });
    expect(await api.call('POST', `/api/runs/${ID}/comments`, { body: { text: 'x', step: 99 } })).toMatchObject({ status: 404 });
    const deep = `{"text":"x","metadata":{"a":${'['.repeat(5000)}${']'.repeat(5000)}}}`;
    expect(await api.call('POST', `/api/runs/${ID}/comments`, { body: deep })).toMatchObject({
      status: 400,
      json: { errors: [{ field: 'body', problem: 'is nested too deeply' }] },
    });
    const audit = await api.ledger.listAudit({ limit: 100, runId: ID });
    expect(audit).toMatchObject([
      { actor: 'admin', role: 'admin', source: 'api', address: '127.0.0.1', action: 'run.comment' },
      { action: 'run.comment' },
      { action: 'run.comment.refused', detail: { code: 'not_found' } },
    ]);
  });
});

describe('the log of a run', () => {
  it('is read by phase, step and level, and on from where one was', async () => {
    expect(messagesOf(await read(`/api/runs/${ID}/logs`))).toEqual(['Planned.', 'one\ntwo', 'It fails.']);
    expect(messagesOf(await read(`/api/runs/${ID}/logs?phase=test`))).toEqual(['one\ntwo', 'It fails.']);
    expect(messagesOf(await read(`/api/runs/${ID}/logs?step=1`))).toEqual(['Planned.']);
    expect(messagesOf(await read(`/api/runs/${ID}/logs?level=info`))).toEqual(['Planned.', 'It fails.']);
    const first = (await read(`/api/runs/${ID}/logs?limit=2`)) as { next: number };
    expect(messagesOf(first)).toHaveLength(2);
    const rest = (await read(`/api/runs/${ID}/logs?after=${first.next}`)) as { next: number };
    expect(messagesOf(rest)).toEqual(['It fails.']);
    expect(await read(`/api/runs/${ID}/logs?after=${rest.next}`)).toEqual({ items: [], next: rest.next });
  });

  it('is a line an entry as NDJSON, and a file to keep', async () => {
    const lines = await api.call('GET', `/api/runs/${ID}/logs?format=ndjson&level=info`);
    expect(lines.headers.get('content-type')).toBe('application/x-ndjson');
    expect(
      lines.text
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { message: string }).message),
    ).toEqual(['Planned.', 'It fails.']);
    const file = await api.call('GET', `/api/runs/${ID}/logs/download`);
    expect(file.headers.get('content-disposition')).toBe(`attachment; filename="${ID}.log"`);
    expect(file.text).toContain('debug test one\n    two\n');
  });

  it('is followed until the run rests', async () => {
    const run = exampleRun({ id: '0000aaad', workflowId: 'local:acme/shop#9' });
    await api.ledger.recordRun(run);
    const say = (seq: number, message: string) =>
      api.ledger.appendLogs([{ runId: run.id, source: 'test', seq, at: at(seq), level: 'info', message }]);
    await say(1, 'begun');
    const response = await fetch(`${api.url}/api/runs/${run.id}/logs?follow=true`, {
      headers: { authorization: `Bearer ${await api.token('viewer')}` },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toContain('begun');
    await say(2, 'later');
    expect((await reader?.read())?.value).toContain('later');
    await say(3, 'last');
    await api.ledger.recordRun({ ...run, status: 'completed', version: 2 });
    expect((await reader?.read())?.value).toContain('last');
    expect((await reader?.read())?.done).toBe(true);
  });
});

describe('what is removed', () => {
  it('has to be closed, and is gone with its files', async () => {
    const run = exampleRun({ id: '0000bbbb', workflowId: 'local:acme/old#1', repository: 'acme/old' });
    await api.ledger.recordRun(run);
    const folder = createRunFiles({ home: api.home }).directory(run.id);
    expect(await api.call('DELETE', `/api/runs/${run.id}`)).toMatchObject({ status: 409, json: { code: 'wrong_state' } });
    expect(await api.call('DELETE', '/api/repositories/acme/old')).toMatchObject({ status: 409, json: { code: 'wrong_state' } });
    await api.ledger.recordRun({ ...run, status: 'cancelled', version: 2 });
    expect(await api.call('DELETE', `/api/runs/${run.id}`)).toMatchObject({ status: 204, text: '' });
    expect(await api.call('GET', `/api/runs/${run.id}`)).toMatchObject({ status: 404 });
    await expect(stat(folder)).rejects.toThrow('ENOENT');
    await api.ledger.recordRun({ ...run, id: '0000bbbc', status: 'failed' });
    const { path } = await createRunFiles({ home: api.home }).writeArtifact({ runId: '0000bbbc', kind: 'other', name: 'x', text: 'x' });
    await stat(join(api.home, path));
    expect(await api.call('DELETE', '/api/repositories/Acme/Old')).toMatchObject({ status: 204 });
    await expect(stat(join(api.home, path))).rejects.toThrow('ENOENT');
    expect(await api.call('DELETE', '/api/repositories/acme/old')).toMatchObject({ status: 404 });
    expect((await api.ledger.listAudit({ limit: 100 })).map(({ action }) => action)).toEqual(
      expect.arrayContaining(['run.delete', 'repository.delete']),
    );
  });
});

describe('without Temporal', () => {
  it('orders are refused for the moment, and reads answered', async () => {
    for (const [order, body] of Object.entries({
      cancel: {},
      retry: {},
      approve: {},
      reject: { reason: 'x' },
      message: { text: 'x' },
      rollback: { version: 1 },
    })) {
      const refused = await api.call('POST', `/api/runs/${ID}/${order}`, { body });
      expect(refused, order).toMatchObject({ status: 503, json: { code: 'temporal_unreachable' } });
      expect(refused.headers.get('retry-after')).toBe('5');
    }
    expect(await api.call('GET', `/api/runs/${ID}`)).toMatchObject({ status: 200 });
    expect(await api.call('GET', '/ready', { token: undefined })).toMatchObject({
      status: 503,
      json: { temporal: 'unreachable', database: 'ok' },
    });
    expect(await api.call('GET', '/health', { token: undefined })).toMatchObject({ status: 200 });
    expect(await read('/status')).toMatchObject({ temporal: 'unreachable', slots: { total: 0, held: 0 }, hosts: [] });
  });

  it('what can never be done is told all the same', async () => {
    await api.ledger.recordRun(exampleRun({ id: '0000cccc', workflowId: 'local:acme/shop#8', status: 'completed' }));
    for (const order of ['cancel', 'retry'])
      expect(await api.call('POST', `/api/runs/0000cccc/${order}`), order).toMatchObject({ status: 409, json: { code: 'wrong_state' } });
  });
});

describe('the service', () => {
  it('counts its runs for people and for Prometheus', async () => {
    const host = {
      id: 'h',
      name: 'one',
      at: new Date().toISOString(),
      slots: 3,
      held: 1,
      runs: [ID],
      memory: { usedBytes: 1, totalBytes: 2 },
    };
    await api.ledger.recordHost(host);
    expect(await read('/status')).toMatchObject({
      slots: { total: 3, held: 1 },
      hosts: [{ name: 'one', serves: true }],
      breakers: expect.arrayContaining([{ name: 'forge:github' }]) as object,
    });
    const { text, headers } = await api.call('GET', '/metrics');
    expect(headers.get('content-type')).toContain('text/plain');
    expect(text).toMatch(/^belay_runs\{pipeline="sdlc",status="running"\} \d+$/m);
    expect(text).toMatch(/^belay_queue_depth \d+$/m);
    expect(text).toContain('belay_api_request_duration_seconds_count{method="GET",path="/status",status="200"} ');
  });
});
