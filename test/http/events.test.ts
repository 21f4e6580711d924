import { once } from 'node:events';
import { get } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { startTestApi } from '../support/api.ts';
import { eventOf, openStream } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { floodEvents } from '../support/flood-events.ts';
import { exampleArtifact, exampleStep as step } from '../support/example-records.ts';
import { exampleRun } from '../support/example-run.ts';
import { startWriter } from '../support/ledger-writers.ts';

const runId = '0123abcd';
const other = '0123abce';
/** For what has to happen after a heartbeat: more than an answer takes on a busy machine. */
const IMPATIENT = { heartbeatMs: 100, stalledMs: 2000 };

const complete = (ledger: Ledger, id = runId): Promise<void> =>
  ledger.recordRun(exampleRun({ id, version: 9, status: 'completed', outcome: 'no_changes' }));
const recordSteps = async (ledger: Ledger, { from, to, of = runId }: { from: number; to: number; of?: string }): Promise<void> => {
  for (let number = from; number <= to; number++) await ledger.recordStep({ ...step, runId: of, number });
};
const numbersOf = (messages: readonly { event: string; data: unknown }[]): unknown[] =>
  messages.filter(({ event }) => event === 'step.updated').map((message) => eventOf(message).data['number']);

test('a run is told from its beginning to its end, which is said', async () => {
  await using api = await startTestApi();
  const { ledger } = api;
  await ledger.recordRun(exampleRun({ version: 1 }));
  await ledger.recordStep(step);
  await using stream = await openStream({ url: `${api.url}/api/runs/${runId}/events`, token: await api.token('viewer') });
  expect(stream).toMatchObject({ status: 200 });
  expect(stream.headers.get('content-type')).toContain('text/event-stream');
  await stream.until('step.updated');
  expect(stream.text()).toContain('retry: 2000');
  await ledger.recordArtifact(exampleArtifact);
  await ledger.addComment({ runId, author: 'ada', text: 'Fine', createdAt: step.startedAt });
  await complete(ledger);
  const rest = await stream.until('end');
  expect(rest.map(({ event }) => event)).toEqual(['artifact.created', 'comment.added', 'run.completed', 'end']);
  expect(eventOf(rest[1])).toMatchObject({
    id: rest[1]?.id,
    runId,
    repository: 'acme/shop',
    type: 'comment.added',
    data: { author: 'ada' },
  });
  expect(rest.at(-1)?.data).toEqual({ run: runId, status: 'completed' });
  expect(await stream.next()).toBeUndefined();
});

test('who comes back gets what was missed, once, and nothing more of a run that is over', async () => {
  await using api = await startTestApi();
  const { ledger } = api;
  await ledger.recordRun(exampleRun({ version: 1 }));
  const to = { url: `${api.url}/api/runs/${runId}/events`, token: await api.token('viewer') };
  const seen: unknown[] = [];
  let lastEventId = 0;
  for (let round = 0; round < 4; round++) {
    const [from, upTo] = [round * 40 + 1, round * 40 + 40];
    await recordSteps(ledger, { from, to: upTo - 20 });
    await using stream = await openStream({ ...to, lastEventId });
    const recorded = recordSteps(ledger, { from: upTo - 19, to: upTo });
    for (let number = seen.length; number < upTo - 5;) {
      const message = await stream.next();
      if (message?.event !== 'step.updated') continue;
      seen.push(eventOf(message).data['number']);
      number++;
    }
    lastEventId = stream.lastId() ?? 0;
    await recorded;
  }
  await complete(ledger);
  await using last = await openStream({ ...to, url: `${to.url}?after=3`, lastEventId });
  seen.push(...numbersOf(await last.until('end')));
  expect(seen).toEqual(Array.from({ length: 160 }, (_, index) => index + 1));
  await using over = await openStream({ ...to, lastEventId: last.lastId() ?? 0 });
  expect(over.status).toBe(204);
});

test('all runs are told from now on, or from an event on, as far as the token may see them', async () => {
  await using api = await startTestApi();
  const { ledger, url } = api;
  await ledger.recordRun(exampleRun({ version: 1 }));
  await using all = await openStream({ url: `${url}/api/events`, token: await api.token('viewer') });
  await using past = await openStream({ url: `${url}/api/events?after=0`, token: await api.token('viewer') });
  await using some = await openStream({ url: `${url}/api/events`, token: await api.token('admin', { repositories: ['acme/site'] }) });
  await using none = await openStream({ url: `${url}/api/events`, token: await api.token('admin', { repositories: [] }) });
  await ledger.recordRun(exampleRun({ id: other, workflowId: 'local:acme/site#1', repository: 'acme/site' }));
  await complete(ledger);
  const runsOf = (messages: { data: unknown }[]) => messages.map((message) => eventOf({ event: '', ...message }).runId);
  expect(runsOf(await all.until('run.completed'))).toEqual([other, runId]);
  expect(runsOf(await past.until('run.completed'))).toEqual([runId, other, runId]);
  await ledger.recordRun(exampleRun({ id: other, repository: 'acme/site', version: 2, status: 'failed' }));
  expect(runsOf(await some.until('run.completed'))).toEqual([other, other]);
  await all.until('run.completed');
  expect(none.text()).not.toContain('data:');
});

test('a run of another repository is not there', async () => {
  await using api = await startTestApi();
  await api.ledger.recordRun(exampleRun());
  const token = await api.token('admin', { repositories: ['acme/site'] });
  await using stream = await openStream({ url: `${api.url}/api/runs/${runId}/events`, token });
  expect(stream.status).toBe(404);
});

test('an id that is none is refused, and one that is not there yet begins now', async () => {
  await using api = await startTestApi();
  await api.ledger.recordRun(exampleRun());
  const path = `/api/runs/${runId}/events`;
  for (const id of ['x', '-1', '1.5', '9'.repeat(30), '1;2'])
    expect(await api.call('GET', path, { headers: { 'last-event-id': id } })).toMatchObject({
      status: 400,
      json: { code: 'invalid_input' },
    });
  expect(await api.call('GET', `${path}?after=x`)).toMatchObject({ status: 400 });
  expect(await api.call('GET', `/api/events?since=1`)).toMatchObject({ status: 400 });
  await using stream = await openStream({ url: `${api.url}${path}`, token: await api.token('viewer'), lastEventId: 4711 });
  await complete(api.ledger);
  expect((await stream.until('end')).map(({ event }) => event)).toEqual(['run.completed', 'end']);
});

test('what other processes record is heard, by all who follow it', async () => {
  await using api = await startTestApi();
  const token = await api.token('viewer');
  await using streams = new AsyncDisposableStack();
  const followers = [];
  for (let count = 0; count < 5; count++) followers.push(streams.use(await openStream({ url: `${api.url}/api/events`, token })));
  const writers = ['a', 'b'].map((writer) => startWriter({ place: join(api.home, 'ledger.db'), writer, rounds: 10 }));
  const ended = writers.map((writer) => once(writer, 'close'));
  for (const writer of writers) writer.stdin.end();
  const heard = await Promise.all(
    followers.map(async (stream) => {
      const ids: number[] = [];
      while (ids.length < 40) ids.push(eventOf(await stream.next()).id);
      return ids;
    }),
  );
  expect(await Promise.all(ended)).toEqual([
    [0, null],
    [0, null],
  ]);
  for (const ids of heard) expect(ids).toEqual((await api.ledger.readEvents({ after: 0 })).map(({ id }) => id));
});

test('where nothing happens, a comment says that the connection is alive', async () => {
  await using api = await startTestApi({ patience: IMPATIENT });
  await api.ledger.recordRun(exampleRun());
  await using stream = await openStream({ url: `${api.url}/api/runs/${runId}/events`, token: await api.token('viewer') });
  const end = stream.until('end');
  await eventually(async () => expect(stream.text()).toMatch(/\n:\n\n:\n\n/));
  await complete(api.ledger);
  await end;
});

test('a token that is revoked, or a run that is deleted, ends what is followed', async () => {
  await using api = await startTestApi({ patience: IMPATIENT });
  const { ledger } = api;
  await ledger.recordRun(exampleRun());
  const url = `${api.url}/api/runs/${runId}/events`;
  await using revoked = await openStream({ url, token: await api.token('viewer', { name: 'short' }) });
  await using deleted = await openStream({ url, token: await api.token('viewer') });
  await Promise.all([revoked.next(), deleted.next()]);
  await ledger.revokeToken('short', new Date().toISOString());
  expect((await revoked.until('problem')).at(-1)?.data).toMatchObject({ code: 'token_invalid' });
  expect(await revoked.next()).toBeUndefined();
  using database = new DatabaseSync(join(api.home, 'ledger.db'));
  database.exec(`pragma foreign_keys = on; delete from runs where id = '${runId}'`);
  expect((await deleted.until('problem')).at(-1)?.data).toMatchObject({ code: 'not_found' });
});

test('a token that is revoked ends the log that is followed with it', async () => {
  await using api = await startTestApi({ patience: IMPATIENT });
  await api.ledger.recordRun(exampleRun());
  const headers = { authorization: `Bearer ${await api.token('viewer', { name: 'short' })}` };
  const response = await fetch(`${api.url}/api/runs/${runId}/logs?follow=true`, { headers });
  await api.ledger.revokeToken('short', new Date().toISOString());
  await expect(response.text()).rejects.toThrow('terminated');
});

test('when the API stops, who follows is told when to come back, and nothing is cut', async () => {
  await using api = await startTestApi();
  await api.ledger.recordRun(exampleRun());
  await using stream = await openStream({ url: `${api.url}/api/runs/${runId}/events`, token: await api.token('viewer') });
  await stream.next();
  await api.stop();
  expect(await stream.next()).toBeUndefined();
  expect(stream.text()).toMatch(/: the API stops\nretry: 2000\n\n$/);
});

/** A client that asks and then reads nothing. */
async function openDeaf(url: string, token: string): Promise<{ request: ClientRequest; response: IncomingMessage }> {
  const request = get(url, { headers: { authorization: `Bearer ${token}` }, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.pause();
  return { request, response };
}

test('a client that does not read is dropped, while others get everything', async () => {
  await using api = await startTestApi({ patience: IMPATIENT });
  await api.ledger.recordRun(exampleRun());
  const token = await api.token('viewer');
  const url = `${api.url}/api/runs/${runId}/events`;
  const deaf = await openDeaf(url, token);
  const cut = new Promise((resolve) => deaf.response.once('error', resolve).once('aborted', resolve));
  await using stream = await openStream({ url, token });
  await stream.next();
  floodEvents({ home: api.home, runId, count: 5000 });
  await complete(api.ledger);
  expect((await stream.until('end')).filter(({ event }) => event === 'step.updated')).toHaveLength(5000);
  // It was left by the server: its log says so, whatever the client would still find in its socket.
  await eventually(async () => expect(api.log.filter((line) => line.includes('"cut":true')).length).toBe(1));
  deaf.response.resume();
  await cut;
});
