import { access } from 'node:fs/promises';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APPROVE_UPDATE, MESSAGE_SIGNAL, REJECT_UPDATE } from '../../src/contracts/constants.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import type { Notification } from '../../src/notifications/webhook.ts';
import { approveRun, rejectRun } from '../../src/orders/approvals.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import type { TestRun } from '../support/belay-run.ts';
import { phaseOf } from '../support/belay-run.ts';
import { eventually } from '../support/eventually.ts';
import { loopback } from '../support/loopback.ts';

const FILES = { 'test.sh': 'exit 0\n', 'readme.md': 'A project.\n' };
const told: Notification[] = [];
let belay: Belay;
let cleanup: AsyncDisposableStack;
beforeAll(async () => {
  cleanup = new AsyncDisposableStack();
  const server = cleanup.use(
    await loopback((request, response) => {
      void json(request).then((body) => {
        told.push(body as Notification);
        response.end('ok');
      });
    }),
  );
  belay = cleanup.use(await startBelay({ BELAY_MAX_WORKSPACES: '1', BELAY_NOTIFY_URL: `${server.url}/hook` }));
});
afterAll(() => cleanup.disposeAsync());

const asking = (run: TestRun, not?: string): Promise<RunView> =>
  run.until(({ status, approval }) => status === 'waiting' && approval !== undefined && approval.hash !== not);

const update = (run: TestRun, name: string, order: object): Promise<unknown> =>
  belay.client.workflow.getHandle(run.workflowId).executeUpdate(name, { args: [order] });

const refusal = async (answer: Promise<unknown>): Promise<string> => {
  const error = await answer.then(
    () => new Error('it was not refused'),
    (cause: unknown) => cause as Error,
  );
  return error.cause instanceof Error ? error.cause.message : error.message;
};

describe('approval', () => {
  it('of the plan holds no workspace, tells people, is bound to the hash, and goes on with exactly that plan', async () => {
    const project = await belay.project({ files: { ...FILES, '.belay.yml': 'test: sh test.sh\napprove: plan\n' } });
    const run = await project.run();
    const view = await asking(run);
    expect(view).toMatchObject({
      waitingFor: 'approval',
      approval: { of: 'plan', hash: view.plan?.hash },
      waitingMessage: expect.any(String) as string,
    });
    expect(Date.parse(view.waitingUntil ?? '') - Date.now()).toBeGreaterThan(6 * 24 * 3_600_000);
    await expect(access(run.worktree)).rejects.toThrow('ENOENT');
    // The one slot is free for others meanwhile.
    expect(await (await (await belay.project()).run()).closed()).toMatchObject({ status: 'completed' });
    expect(await project.comment()).toContain(`belay approve ${run.id}`);
    expect(told.find(({ run: { id } }) => id === run.id)).toMatchObject({
      event: 'run.waiting',
      text: expect.stringContaining(`belay approve ${run.id}`) as string,
    });

    const { since = '' } = view.approval ?? {};
    const order = {
      client: belay.client,
      ledger: belay.ledger,
      run: view,
      by: 'grace',
      asOf: new Date(Date.parse(since) - 2000).toISOString(),
    };
    await expect(approveRun(order)).rejects.toMatchObject({ code: 'wrong_state', message: expect.stringContaining('since then') });
    await expect(rejectRun({ ...order, reason: 'No.' })).rejects.toMatchObject({ code: 'wrong_state' });
    expect(await refusal(update(run, APPROVE_UPDATE, { planHash: '0123456789abcdef' }))).toContain(`that is ${view.plan?.hash}`);
    expect(await refusal(update(run, REJECT_UPDATE, { reason: ' ' }))).toContain('needs a reason');
    await update(run, APPROVE_UPDATE, { planHash: view.plan?.hash, by: 'grace' });
    const closed = await run.closed();
    expect(closed.approvals).toEqual([{ of: 'plan', hash: view.plan?.hash, by: 'grace', at: expect.any(String) as string }]);
    expect(closed).toMatchObject({ status: 'completed', outcome: 'pull_request', plan: view.plan });
    expect(closed).not.toHaveProperty('waitingFor');
    expect(closed).not.toHaveProperty('approval');
    expect(await refusal(update(run, APPROVE_UPDATE, {}))).not.toContain('it was not refused');
  });

  it('refused makes a new plan with the reason, three times, then parks', async () => {
    const plans = ['# One', '# Two', '# Three', '# Four'].map((say) => ({ say }));
    const project = await belay.project({ script: { plan: plans } });
    const run = await project.run({ approve: ['plan'] });
    let view = await asking(run);
    for (const reason of ['too big', 'too small', 'too late']) {
      await update(run, REJECT_UPDATE, { reason });
      view = await asking(run, view.approval?.hash);
    }
    expect(await run.prompts('plan')).toMatchObject({
      1: expect.stringContaining('too big') as string,
      3: expect.stringContaining('too late') as string,
    });
    await update(run, REJECT_UPDATE, { reason: 'no' });
    const parked = await run.parked();
    expect(parked.errors.at(-1)).toMatchObject({ code: 'plan_rejected', message: expect.stringContaining('4 times') as string });
    expect(phaseOf(parked, 'implement').status).toBe('pending');
    await run.cancel();
    await run.closed();
  });

  it('that nobody gives parks the run after it was asked for again, and says so', async () => {
    const project = await belay.project();
    const run = await project.run({ approve: ['publish'], limits: { approvalReminderMs: 300, approvalExpiryMs: 600 } });
    const parked = await run.parked();
    expect(parked.errors.at(-1)).toMatchObject({ code: 'approval_expired' });
    const toldOf = (wanted: Notification['event']) => told.filter(({ run: { id }, event }) => id === run.id && event === wanted);
    expect(toldOf('run.waiting')).toHaveLength(2);
    await eventually(async () => expect(toldOf('run.parked')).toMatchObject([{ cause: { code: 'approval_expired' } }]));
    await run.cancel();
    await run.closed();
  });

  it('is asked for again when the issue was edited after it', async () => {
    const project = await belay.project({ script: { plan: [{ say: '# One' }, { say: '# Two' }] } });
    const run = await project.run({ approve: ['plan'] });
    await asking(run);
    await project.editIssue('It should be written in notes.md, in blue.');
    await update(run, APPROVE_UPDATE, {});
    const again = await run.until(({ waitingMessage }) => waitingMessage?.includes('was edited') === true);
    await update(run, REJECT_UPDATE, { reason: 'read it again' });
    await asking(run, again.approval?.hash);
    expect((await run.prompts('plan')).at(-1)).toContain('read it again');
    await update(run, APPROVE_UPDATE, {});
    expect(await run.closed()).toMatchObject({ status: 'completed' });
  });
});

describe('a message', () => {
  it('to an agent at work reaches it in its session before the phase ends', async () => {
    const project = await belay.project({
      script: { implement: [{ write: { 'notes.md': 'written down\n' }, delayMs: 1500 }, { write: { 'notes.md': 'in blue\n' } }] },
    });
    const run = await project.run({ pipeline: 'planBuild' });
    await run.working('implement');
    await belay.client.workflow.getHandle(run.workflowId).signal(MESSAGE_SIGNAL, { text: 'Make it blue.' });
    const view = await run.closed();
    const prompts = await run.prompts('implement');
    expect(prompts).toHaveLength(2);
    expect(prompts[1]).toContain('Make it blue.');
    const sessions = phaseOf(view, 'implement').sessions.map(({ id }) => id);
    expect(new Set(sessions).size).toBe(1);
  });
});
