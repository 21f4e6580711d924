import type { Client } from '@temporalio/client';
import { BelayError } from '../contracts/errors.ts';
import type { TemporalTarget } from '../temporal/connection.ts';
import { connectTemporal, localTarget, namedTarget } from '../temporal/connection.ts';
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

/** The running `belay dev` or worker of this home, or the Temporal service that is named: its workers may be anywhere. */
export async function findSession({ config, env }: Pick<Context, 'config' | 'env'>): Promise<Session | undefined> {
  const running = await readDevState(config.home);
  if (running) return attach(running, { config, env }, false);
  const named = namedTarget(config, env);
  return named && connect(named, { namespace: named.namespace, temporary: false });
}

async function attach(state: DevState, context: Pick<Context, 'config' | 'env'>, temporary: boolean): Promise<Session> {
  await using stack = new AsyncDisposableStack();
  stack.use(await attachUsage({ port: state.controlPort }));
  const { address, namespace, uiUrl } = state;
  // The embedded server needs no login; a named one is where the environment says.
  const target = (uiUrl ? undefined : namedTarget(context.config, context.env)) ?? localTarget(address, namespace);
  const session = stack.use(await connect(target, { namespace, temporary, ...(uiUrl ? { uiUrl } : {}) }));
  const kept = stack.move();
  return { ...session, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function connect(target: TemporalTarget, about: Omit<Session, 'client' | keyof AsyncDisposable>): Promise<Session> {
  const temporal = await connectTemporal({ target });
  return { ...about, client: temporal.client, [Symbol.asyncDispose]: () => temporal[Symbol.asyncDispose]() };
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
