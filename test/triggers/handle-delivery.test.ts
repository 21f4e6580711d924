import { describe, expect, test } from 'vitest';
import { BelayError } from '../../src/contracts/errors.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import { handleDelivery } from '../../src/triggers/handle-delivery.ts';
import { exampleRun } from '../support/example-run.ts';
import { triggerDesk } from '../support/trigger-desk.ts';
import type { DeskOptions, TriggerDesk } from '../support/trigger-desk.ts';
import { commentEvent, issueEvent } from '../support/webhook-payloads.ts';

const labeled = issueEvent({ action: 'labeled', label: 'belay' });
const MALLORY = { id: 8, login: 'mallory', type: 'User' };
const BOT = { id: 9, login: 'renovate[bot]', type: 'Bot' };

const handle = ({ deps }: TriggerDesk, payload: object, event = 'comment' in payload ? 'issue_comment' : 'issues') =>
  handleDelivery(deps, {
    id: 'one',
    source: 'github',
    event,
    receivedAt: '2026-11-30T00:00:00.000Z',
    payload: JSON.stringify(payload),
    attempts: 1,
  });

async function withRun({ ledger }: TriggerDesk, change: Partial<RunView> = {}): Promise<RunView> {
  const run = exampleRun({ id: 'abcd1234', workflowId: 'github:acme/shop#12', repository: 'acme/shop', ...change });
  await ledger.recordRun(run);
  return run;
}

describe('a label', () => {
  test('starts one run in the name of whoever set it', async () => {
    await using desk = await triggerDesk();
    expect(await handle(desk, labeled)).toEqual({ outcome: 'started', detail: 'run12' });
    expect(await handle(desk, labeled)).toMatchObject({ outcome: 'ignored', detail: 'labeled:1 has had its run' });
    expect(desk.starts).toEqual([
      { repository: { forge: 'github', owner: 'acme', name: 'shop' }, issueKey: '12', triggeredBy: 'ada', source: 'webhook' },
    ]);
  });

  test('that is set anew starts another', async () => {
    let id = 1;
    await using desk = await triggerDesk({ newestRequest: () => ({ event: `labeled:${id}`, at: '' }) });
    await handle(desk, labeled);
    id = 2;
    expect(await handle(desk, labeled)).toMatchObject({ outcome: 'started' });
    expect(desk.starts).toHaveLength(2);
  });

  test('that was taken away meanwhile starts nothing', async () => {
    await using desk = await triggerDesk({ newestRequest: () => undefined });
    expect(await handle(desk, labeled)).toMatchObject({ outcome: 'ignored', detail: 'the issue does not ask for it any more' });
    expect(desk.starts).toEqual([]);
  });

  test('starts nothing where somebody has started a run since, and is done with then', async () => {
    await using desk = await triggerDesk({ newestRequest: () => ({ event: 'labeled:1', at: '2026-01-01T00:00:00Z' }) });
    await withRun(desk, { createdAt: '2026-01-01T00:00:01.000Z' });
    expect(await handle(desk, labeled)).toMatchObject({ outcome: 'ignored', detail: 'run abcd1234 has begun since labeled:1' });
    expect(await desk.ledger.lastTrigger({ repository: 'acme/shop', issueKey: '12' })).toMatchObject({ runId: 'abcd1234' });
    expect(desk.starts).toEqual([]);
  });

  test('is tried again where the start fails for a passing reason', async () => {
    const unreachable = new BelayError({ code: 'temporal_unreachable', message: 'Away.' });
    let tries = 0;
    await using desk = await triggerDesk({
      start: () => (++tries === 1 ? Promise.reject(unreachable) : Promise.resolve({ workflowId: 'w', joined: true })),
    });
    await expect(handle(desk, labeled)).rejects.toBe(unreachable);
    expect(await handle(desk, labeled)).toEqual({ outcome: 'joined', detail: 'w' });
  });

  test('that can start nothing has its issue say why', async () => {
    const start = () => Promise.reject(new BelayError({ code: 'settings_invalid', message: 'It is no YAML.', hint: 'Mend it.' }));
    await using desk = await triggerDesk({ start });
    expect(await handle(desk, labeled)).toEqual({ outcome: 'refused', detail: 'It is no YAML.' });
    expect(desk.answers).toMatchObject([{ to: 'ada', text: 'It is no YAML. Mend it.', issueKey: '12' }]);
  });

  test.each<[string, object, DeskOptions, string]>([
    ['outside of the list', labeled, { repositories: ['acme/other'] }, 'acme/shop is not in BELAY_REPOSITORIES'],
    ['where there is no list', labeled, { repositories: [] }, 'acme/shop is not in BELAY_REPOSITORIES'],
    ['by a stranger', { ...labeled, sender: MALLORY }, {}, 'mallory may not write to acme/shop'],
    ['by a bot', { ...labeled, sender: BOT }, { writers: ['renovate[bot]'] }, 'renovate[bot] is a bot, and not in BELAY_TRIGGER_BOTS'],
    [
      'in a fork',
      issueEvent({ label: 'belay', fork: true }),
      { repositories: ['acme/*'] },
      'acme/shop is a fork, and not in BELAY_REPOSITORIES by its name',
    ],
  ])('%s is refused', async (_, payload, options, why) => {
    await using desk = await triggerDesk(options);
    expect(await handle(desk, payload)).toEqual({ outcome: 'refused', detail: why });
    expect([desk.starts, desk.answers]).toEqual([[], []]);
  });

  test.each<[string, object, DeskOptions]>([
    ['in a repository of a listed owner', labeled, { repositories: ['Acme/*'] }],
    ['in a fork that is listed by its name', issueEvent({ label: 'belay', fork: true }), { repositories: ['acme/shop'] }],
    ['by a bot that is listed', { ...labeled, sender: BOT }, { bots: ['Renovate[bot]'] }],
  ])('%s is followed', async (_, payload, options) => {
    await using desk = await triggerDesk(options);
    expect(await handle(desk, payload)).toMatchObject({ outcome: 'started' });
  });
});

test('an issue starts a run when it is assigned to the account of Belay, and to nobody else', async () => {
  await using desk = await triggerDesk({ viewer: 5 });
  expect(await handle(desk, issueEvent({ action: 'assigned', assigneeId: 7 }))).toMatchObject({ outcome: 'ignored' });
  expect(await handle(desk, issueEvent({ action: 'assigned', assigneeId: 5 }))).toMatchObject({ outcome: 'started' });
});

describe('an issue that is closed', () => {
  test('takes the run with it that waits for a person', async () => {
    await using desk = await triggerDesk();
    await withRun(desk, { status: 'parked' });
    expect(await handle(desk, issueEvent({ action: 'closed' }))).toMatchObject({ outcome: 'followed' });
    expect(desk.orders).toEqual([expect.stringContaining('cancel abcd1234')]);
  });

  test('leaves the run alone that works: it looks by itself', async () => {
    await using desk = await triggerDesk();
    await withRun(desk, { status: 'running' });
    expect(await handle(desk, issueEvent({ action: 'closed' }))).toMatchObject({ outcome: 'ignored' });
    expect(desk.orders).toEqual([]);
  });
});

describe('a command', () => {
  const writtenAt = '2026-11-20T12:00:00Z';
  const approve = `approve abcd1234 {"by":"ada","asOf":"${writtenAt}","hash":"0123456789ab"}`;
  const reject = `reject abcd1234 {"by":"ada","asOf":"${writtenAt}","reason":"Keep the alias"}`;

  test.each([
    ['/belay approve 0123456789ab', approve, 'is approved'],
    ['/belay reject Keep the alias', reject, 'is told: Keep the alias'],
    ['/belay cancel', 'cancel abcd1234 {"by":"ada"}', 'is told to stop'],
    ['/belay retry review', 'retry abcd1234 {"by":"ada","phase":"review"}', 'It goes on.'],
  ])('%s is followed, answered and noted', async (body, order, text) => {
    await using desk = await triggerDesk();
    await withRun(desk);
    expect(await handle(desk, commentEvent({ body, writtenAt }))).toMatchObject({ outcome: 'followed' });
    expect(desk.orders).toEqual([order]);
    expect(desk.answers).toMatchObject([{ to: 'ada', run: { id: 'abcd1234' }, text: expect.stringContaining(text) as string }]);
    expect(await desk.ledger.listAudit({ limit: 10 })).toMatchObject([{ actor: 'ada', source: 'comment', runId: 'abcd1234' }]);
  });

  test.each<[string, string, Partial<RunView>]>([
    ['a run that began later', '/belay cancel', { createdAt: '2026-11-20T12:00:02.000Z' }],
    ['a run that parked later', '/belay retry', { status: 'parked', parkedSince: '2026-11-20T12:00:02.000Z' }],
  ])('is not given to %s than it was written', async (_, body, change) => {
    await using desk = await triggerDesk();
    await withRun(desk, change);
    expect(await handle(desk, commentEvent({ body, writtenAt }))).toMatchObject({ outcome: 'refused' });
    expect(desk.orders).toEqual([]);
    expect(desk.answers).toMatchObject([{ text: expect.stringContaining('Say it again if it is still meant.') as string }]);
  });

  test('for a run that has begun by now begins no second one', async () => {
    await using desk = await triggerDesk();
    await withRun(desk, { createdAt: '2026-11-20T12:00:02.000Z' });
    expect(await handle(desk, commentEvent({ body: '/belay run', writtenAt }))).toMatchObject({ outcome: 'followed' });
    expect(desk.starts).toEqual([]);
  });

  test('for a run starts it as asked, and leaves the answer to the run', async () => {
    await using desk = await triggerDesk();
    expect(await handle(desk, commentEvent({ body: '/belay run planBuild engine=scripted model=m1' }))).toMatchObject({
      outcome: 'followed',
    });
    expect(desk.starts).toMatchObject([
      { issueKey: '12', triggeredBy: 'ada', source: 'comment', pipeline: 'planBuild', engine: 'scripted', model: 'm1' },
    ]);
    expect(desk.answers).toEqual([]);
  });

  test('for the status is answered with it', async () => {
    await using desk = await triggerDesk();
    await withRun(desk, { status: 'parked' });
    await handle(desk, commentEvent({ body: '/belay status' }));
    expect(desk.answers).toMatchObject([{ text: expect.stringContaining('Run `abcd1234` is parked') as string }]);
  });

  test('that is not understood gets help, and what was wrong', async () => {
    await using desk = await triggerDesk();
    expect(await handle(desk, commentEvent({ body: '/belay deploy' }))).toMatchObject({ outcome: 'refused' });
    expect(desk.answers).toMatchObject([{ command: 'help', text: expect.stringContaining('There is no command `deploy`.') as string }]);
    expect(desk.answers[0]?.text).toContain('/belay reject <reason>');
  });

  test('where there is no run says so', async () => {
    await using desk = await triggerDesk();
    expect(await handle(desk, commentEvent({ body: '/belay cancel' }))).toMatchObject({ outcome: 'refused' });
    expect(desk.answers).toMatchObject([{ text: 'Issue #12 has had no run yet. `/belay run` begins one.' }]);
  });

  test('that the run refuses is answered with its reason', async () => {
    await using desk = await triggerDesk({
      onOrder: () => {
        throw new BelayError({ code: 'wrong_state', message: 'It waits for nobody.', hint: 'Look.' });
      },
    });
    await withRun(desk);
    expect(await handle(desk, commentEvent({ body: '/belay approve' }))).toMatchObject({ outcome: 'refused' });
    expect(desk.answers).toMatchObject([{ text: 'It waits for nobody. Look.' }]);
  });

  test('of a stranger is not answered at all', async () => {
    await using desk = await triggerDesk();
    await withRun(desk);
    const outcome = await handle(desk, commentEvent({ body: '/belay cancel', sender: MALLORY }));
    expect(outcome).toEqual({ outcome: 'refused', detail: 'mallory may not write to acme/shop' });
    expect([desk.orders, desk.answers]).toEqual([[], []]);
  });
});
