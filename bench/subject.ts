import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { EngineName } from '../src/contracts/constants.ts';
import type { RunView } from '../src/contracts/run-view.ts';
import { startDevStack } from '../src/cli/dev-stack.ts';
import { intakeOf } from '../src/compose-intake.ts';
import type { Context } from '../src/cli/context.ts';
import { openContext } from '../src/cli/context.ts';
import { takeOrder } from '../src/intake/order.ts';
import { startRun } from '../src/intake/start-run.ts';
import { createLog } from '../src/telemetry/log.ts';
import { connectTemporal, localTarget } from '../src/temporal/connection.ts';
import { installLogger } from '../src/worker.ts';
import { createRepository } from './repository.ts';
import { happyScript } from './script.ts';

export interface History {
  events: number;
  bytes: number;
}

export interface StartOptions {
  engine?: EngineName;
  /** Filed as an issue first, which is told how the run goes. */
  asIssue?: boolean;
}

/** Belay with its embedded servers, warm, and a repository of `files` files whose test command does nothing. */
export interface Subject extends AsyncDisposable {
  repository: string;
  script: string;
  home: string;
  client: Client;
  /** Of Temporal's server. */
  address: string;
  /** Only starts it. */
  start(text: string, options?: StartOptions): Promise<WorkflowHandle>;
  /** How many runs are at work with their agent. */
  working(): Promise<number>;
  /** From start to pull request, of a request or an issue; resolves to what its history weighs. */
  run(text: string, options?: { asIssue?: boolean }): Promise<History>;
}

export const quiet = { live: false, piped: true, out: () => {}, note: () => {}, exact: () => {} };

export interface SubjectOptions {
  folder: string;
  files: number;
  slots: number;
  /** What the scripted agent does; by default it adds a line. */
  script?: string;
  /** The repository's test command. */
  test?: string;
  env?: NodeJS.ProcessEnv;
}

/** Temporal takes one logger per process. */
let logged = false;

export async function createSubject({
  folder,
  files,
  slots,
  script: text = happyScript(),
  test,
  env: more,
}: SubjectOptions): Promise<Subject> {
  await using stack = new AsyncDisposableStack();
  const repository = await createRepository(folder, files, test);
  const script = join(folder, 'script.yml');
  await writeFile(script, text);
  const ports = (first: number): string => `${first}-${first + slots - 1}`;
  const env = {
    ...process.env,
    BELAY_HOME: join(folder, 'home'),
    BELAY_ENGINE: 'scripted',
    BELAY_SCRIPT: script,
    BELAY_MAX_WORKSPACES: String(slots),
    BELAY_PORTS_BACKEND: ports(21_000),
    BELAY_PORTS_FRONTEND: ports(22_000),
    BELAY_LOG_LEVEL: 'silent',
    ...more,
  };
  if (!logged) installLogger(createLog({ level: 'silent' }));
  logged = true;
  const context = stack.use(await openContext({ env, terminal: quiet }));
  const dev = stack.use(await startDevStack({ config: context.config, env, log: createLog({ level: 'silent' }), onProgress: () => {} }));
  const { client } = stack.use(await connectTemporal({ target: localTarget(dev.address, dev.namespace) }));
  const kept = stack.move();
  return {
    repository,
    script,
    ...ordersOf({ context, client, repository, folder }),
    address: dev.address,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export interface Orders {
  context: Context;
  client: Client;
  repository: string;
  folder: string;
}

/** What is asked of Belay, as the command line asks it. */
export function ordersOf({ context, client, repository, folder }: Orders): Pick<Subject, 'home' | 'client' | 'start' | 'run' | 'working'> {
  async function start(text: string, { engine, asIssue = false }: StartOptions = {}): Promise<WorkflowHandle> {
    const order = await takeOrder(intakeOf(context), {
      target: asIssue ? { kind: 'file', path: await fileOf(folder, text) } : { kind: 'request', text },
      repository,
      workingDirectory: folder,
      pipeline: 'sdlc',
      fresh: false,
      requested: engine ? { engine } : {},
      triggeredBy: 'bench',
    });
    const { workflowId } = await startRun({ ...context, client }, order);
    return client.workflow.getHandle(workflowId);
  }

  return {
    home: context.config.home,
    client,
    start,
    working: async () => (await context.ledger.listRuns({ status: 'running', limit: 10_000 })).length,
    async run(text, options) {
      const handle = await start(text, options);
      const view = await endOf(handle, context);
      if (view.outcome !== 'pull_request') throw new Error(`A run ended without a pull request: ${JSON.stringify(view.errors)}`);
      const { historyLength, historySize } = await handle.describe();
      return { events: historyLength, bytes: historySize ?? 0 };
    },
  };
}

async function fileOf(folder: string, text: string): Promise<string> {
  const path = join(folder, 'issue.md');
  await writeFile(path, `# ${text}\n`);
  return path;
}

/** A run that needs a person would be waited for without end. The ledger is asked: a query costs a workflow task. */
async function endOf(handle: WorkflowHandle, { ledger }: Context): Promise<RunView> {
  const over = new AbortController();
  const parked = async (): Promise<never> => {
    for (;;) {
      await sleep(PARKED_POLL_MS, undefined, { signal: over.signal });
      const view = (await ledger.listRuns({ status: 'parked', limit: 100 })).find(({ workflowId }) => workflowId === handle.workflowId);
      if (view) throw new Error(`A run is parked: ${JSON.stringify(view.errors)}`);
    }
  };
  try {
    return await Promise.race([handle.result() as Promise<RunView>, parked()]);
  } finally {
    over.abort();
  }
}

const PARKED_POLL_MS = 5000;
