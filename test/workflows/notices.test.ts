import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APPROVE_UPDATE, NOTICES, RETRY_SIGNAL } from '../../src/contracts/constants.ts';
import { signatureOf } from '../../src/notifications/signature.ts';
import type { Notification } from '../../src/notifications/webhook.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import type { TestRun } from '../support/belay-run.ts';
import { loopback } from '../support/loopback.ts';

const SECRET = 'between-us';
const HOUR_MS = 3_600_000;

interface Delivery {
  id: string;
  isGenuine: boolean;
  told: Notification;
}

/** Each attempt, in the order of their coming. Who asks for a person is not heard at first. */
const deliveries: Delivery[] = [];
const isFirstOf = (id: string): boolean => deliveries.filter((each) => each.id === id).length === 1;

let belay: Belay;
let cleanup: AsyncDisposableStack;
beforeAll(async () => {
  cleanup = new AsyncDisposableStack();
  const server = cleanup.use(
    await loopback((request, response) => {
      void text(request).then((body) => {
        const id = String(request.headers['x-belay-delivery']);
        const timestamp = String(request.headers['x-belay-timestamp']);
        const isGenuine = request.headers['x-belay-signature'] === signatureOf({ secret: SECRET, timestamp, body });
        const told = JSON.parse(body) as Notification;
        deliveries.push({ id, isGenuine, told });
        response.writeHead(told.event === 'run.waiting' && isFirstOf(id) ? 503 : 204).end();
      });
    }),
  );
  const settings = { BELAY_NOTIFY_URL: server.url, BELAY_NOTIFY_EVENTS: NOTICES.join(','), BELAY_NOTIFY_SECRET: SECRET };
  belay = cleanup.use(await startBelay(settings));
});
afterAll(() => cleanup.disposeAsync());

const deliveriesOf = (run: TestRun): Delivery[] => deliveries.filter(({ told }) => told.run.id === run.id);
const eventsOf = (run: TestRun): string[] => deliveriesOf(run).map(({ told: { event, run: about } }) => `${event}: ${about.status}`);

describe('another program', () => {
  it('is told of a run from its start to its end, in order, once each however often it was tried', async () => {
    const waits = { keepWorkspaceMs: 0, shortestMs: 10, unknownMs: 100, longestMs: 10 * HOUR_MS, tellMs: HOUR_MS / 2 };
    const fail = { code: 'engine_limit_reached' as const, resetAfterMs: HOUR_MS };
    const project = await belay.project({ waits, script: { implement: [{ fail }, { write: { 'notes.md': 'written down\n' } }] } });
    const run = await project.run({ pipeline: 'sdlc', approve: ['plan'], limits: { retryBaseMs: 1 } });
    const handle = belay.client.workflow.getHandle(run.workflowId);
    await expect.poll(() => eventsOf(run).filter((event) => event.startsWith('run.waiting')), { timeout: 20_000 }).toHaveLength(2);
    await handle.executeUpdate(APPROVE_UPDATE, { args: [{}] });
    await run.until(({ waitingFor }) => waitingFor === 'usage_limit');
    await handle.signal(RETRY_SIGNAL, {});
    const view = await run.closed();
    expect(eventsOf(run)).toEqual([
      'run.started: running',
      'run.waiting: waiting',
      'run.waiting: waiting',
      expect.stringContaining('run.resumed: '),
      'run.delayed: waiting',
      expect.stringContaining('run.resumed: '),
      'run.completed: completed',
    ]);
    const all = deliveriesOf(run);
    expect(all.filter(({ isGenuine, id, told }) => !isGenuine || id !== told.id)).toEqual([]);
    expect(all[1]?.told).toEqual(all[2]?.told);
    expect(new Set(all.map(({ id }) => id)).size).toBe(6);
    expect(all[4]?.told).toMatchObject({
      run: { waitingFor: 'usage_limit' },
      text: expect.stringContaining('goes on by itself') as string,
    });
    const { number, url } = view.pullRequest ?? {};
    expect(all[6]?.told).toMatchObject({
      run: { outcome: 'pull_request', pullRequest: { number, url }, triggeredBy: 'ada', pipeline: 'sdlc', costUsd: view.costUsd },
      text: expect.stringContaining(`Pull request #${number}`) as string,
    });
    expect(all[6]?.told.run.pullRequest).toEqual({ number, url });
  });

  it('is told why a run parked, that it goes on, and how it ended although it did not succeed', async () => {
    const project = await belay.project();
    const run = await project.run({ approve: ['publish'], limits: { approvalReminderMs: 200, approvalExpiryMs: 200, retryBaseMs: 1 } });
    await run.parked();
    await run.cancel();
    await run.closed();
    const events = deliveriesOf(run);
    expect(eventsOf(run).slice(-2)).toEqual(['run.parked: parked', 'run.completed: cancelled']);
    expect(events.at(-2)?.told.cause).toMatchObject({ code: 'approval_expired' });
    expect(events.at(-1)?.told.text).toContain(`Run ${run.id} has ended: cancelled.`);
  });
});
