import type { Client } from '@temporalio/client';
import { BelayError } from '../contracts/errors.ts';
import { connectTemporal, localTarget, temporalTarget } from '../temporal/connection.ts';
import { attachUsage } from '../temporal/dev-usage.ts';
import type { DevState } from '../temporal/state-file.ts';
import { readDevState } from '../temporal/state-file.ts';
import { startInBackground } from './background.ts';
import type { Context } from './context.ts';

/** A connection to the Temporal that serves this home's runs. */
export interface Session extends AsyncDisposable {
  client: Client;
  /** The Temporal Web UI, where Belay brought it up. */
  uiUrl?: string;
  namespace: string;
  /** Nobody but us asked for it: it goes when the last user goes. */
  temporary: boolean;
}

/** Finds the running `belay dev` of this home, or brings one up. */
export async function openSession({ config, env, terminal }: Pick<Context, 'config' | 'env' | 'terminal'>): Promise<Session> {
  const running = await readDevState(config.home);
  if (running) return attach(running, { config, env }, false);
  terminal.note('Starting Temporal and a worker on this machine…');
  const started = await startInBackground({ home: config.home, env, onProgress: (message) => terminal.note(`  ${message}`) });
  return attach(started, { config, env }, true);
}

/** The running `belay dev` of this home, if there is one. */
export async function findSession({ config, env }: Pick<Context, 'config' | 'env'>): Promise<Session | undefined> {
  const running = await readDevState(config.home);
  return running && attach(running, { config, env }, false);
}

async function attach(state: DevState, { config, env }: Pick<Context, 'config' | 'env'>, temporary: boolean): Promise<Session> {
  await using stack = new AsyncDisposableStack();
  stack.use(await attachUsage({ port: state.controlPort }));
  // The embedded server needs no login; a named one is where the environment says.
  const named = temporalTarget({
    env,
    address: config.temporal.address,
    namespace: config.temporal.namespace,
    apiKey: config.secrets.temporalApiKey,
  });
  const target = state.uiUrl ? localTarget(state.address, state.namespace) : (named ?? localTarget(state.address, state.namespace));
  const { client } = stack.use(await connectTemporal({ target }));
  const kept = stack.move();
  return {
    client,
    temporary,
    namespace: state.namespace,
    ...(state.uiUrl ? { uiUrl: state.uiUrl } : {}),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Where a run is in the Temporal Web UI. */
export function webAddress({ uiUrl, namespace }: Pick<Session, 'uiUrl' | 'namespace'>, workflowId: string): string | undefined {
  return uiUrl && `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
}

export function needsDev(what: string): BelayError {
  return new BelayError({
    code: 'temporal_unreachable',
    message: `${what} needs a running \`belay dev\`, and there is none for this home.`,
    hint: 'Start `belay dev` in another terminal first.',
  });
}
