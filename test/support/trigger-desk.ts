import { join } from 'node:path';
import type { RunView } from '../../src/contracts/run-view.ts';
import type { IssueEvent } from '../../src/github/issue-events.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Answering } from '../../src/triggers/answers.ts';
import type { CommentOrders } from '../../src/triggers/comment-orders.ts';
import { createGate } from '../../src/triggers/gate.ts';
import type { TriggerDependencies } from '../../src/triggers/handle-delivery.ts';
import type { TriggeredRun } from '../../src/triggers/start-run.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Everything that deliveries come to, written down instead of done; the ledger is real. */
export interface TriggerDesk extends AsyncDisposable {
  readonly deps: TriggerDependencies;
  readonly ledger: Ledger;
  readonly starts: TriggeredRun[];
  /** As `cancel run-id reason`. */
  readonly orders: string[];
  readonly answers: Answering[];
}

export interface DeskOptions {
  repositories?: readonly string[];
  bots?: readonly string[];
  /** Who may write. */
  writers?: readonly string[];
  viewer?: number;
  /** What GitHub says of an issue; the first time its label was set unless told. */
  newestRequest?: (issueKey: string) => IssueEvent | undefined;
  start?: TriggerDependencies['start'];
  /** What an order comes to. */
  onOrder?: () => void;
}

export async function triggerDesk(options: DeskOptions = {}): Promise<TriggerDesk> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const ledger = stack.use(await openLedger({ path: join(path, 'ledger.db') }));
  const { repositories = ['acme/shop'], bots = [], writers = ['ada'], viewer, newestRequest, onOrder = () => {} } = options;
  const starts: TriggeredRun[] = [];
  const orders: string[] = [];
  const answers: Answering[] = [];
  const noted =
    (name: string) =>
    (run: RunView, order: object): Promise<void> => {
      onOrder();
      orders.push(`${name} ${run.id} ${JSON.stringify(order)}`);
      return Promise.resolve();
    };
  const told: CommentOrders = {
    approve: noted('approve'),
    reject: noted('reject'),
    cancel: noted('cancel'),
    retry: async (run, order) => noted('retry')(run, order).then(() => 'It goes on.'),
  };
  const start: TriggerDependencies['start'] = (wanted) => {
    starts.push(wanted);
    return Promise.resolve({ workflowId: `github:acme/shop#${wanted.issueKey}`, runId: `run${wanted.issueKey}`, joined: false });
  };
  const deps: TriggerDependencies = {
    ledger,
    label: 'belay',
    gate: createGate({ repositories, bots, mayWrite: ({ login }) => Promise.resolve(writers.includes(login)) }),
    viewer: () => Promise.resolve(viewer),
    newestRequest: ({ issueKey }) => Promise.resolve(newestRequest ? newestRequest(issueKey) : { event: 'labeled:1', at: '' }),
    start: options.start ?? start,
    orders: told,
    answer: async (answering) => void answers.push(answering),
  };
  const kept = stack.move();
  return { deps, ledger, starts, orders, answers, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
