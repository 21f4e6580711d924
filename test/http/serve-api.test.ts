import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startTestApi } from '../support/api.ts';
import { exampleRun } from '../support/example-run.ts';

describe('an API that stops', () => {
  it('ends what is followed with a whole answer, and takes nothing new', async () => {
    await using api = await startTestApi();
    await api.ledger.recordRun(exampleRun());
    const entry = { runId: '0123abcd', source: 'test', at: '2026-11-20T10:00:00.000Z', level: 'info', message: 'begun' } as const;
    await api.ledger.appendLogs([{ ...entry, seq: 1 }]);
    const response = await fetch(`${api.url}/api/runs/0123abcd/logs?follow=true`, {
      headers: { authorization: `Bearer ${await api.token('viewer')}` },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toContain('begun');
    const stopped = api.stop();
    // A body that was cut would reject.
    expect(await reader?.read()).toEqual({ done: true, value: undefined });
    await stopped;
    await expect(api.call('GET', '/health')).rejects.toThrow('fetch failed');
    expect(api.log.filter((line) => line.includes('/logs')).map((line) => (JSON.parse(line) as { cut: boolean }).cut)).toEqual([false]);
  });

  it('lets a connection go that has nothing to do', async () => {
    await using api = await startTestApi();
    await api.call('GET', '/health');
    // `fetch` keeps its connection for the next call.
    await api.stop();
  });
});

describe('an API whose port is taken', () => {
  it('says so, and which settings name another', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      await expect(startTestApi({ settings: { BELAY_API_PORT: String(port) } })).rejects.toMatchObject({
        code: 'address_unusable',
        message: `The API cannot listen at port ${port} of 127.0.0.1 (EADDRINUSE).`,
      });
    } finally {
      other.close();
    }
  });
});
