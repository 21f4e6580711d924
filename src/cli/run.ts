import { readdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { ApprovalName, EngineName, PipelineName, Priority, WorkspaceKind } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { composeEngines } from '../compose-engines.ts';
import { intakeOf } from '../compose-intake.ts';
import type { Request } from '../intake/order.ts';
import { takeOrder } from '../intake/order.ts';
import type { Started } from '../intake/start-run.ts';
import { startRun } from '../intake/start-run.ts';
import { parseTarget } from '../intake/target.ts';
import type { Context } from './context.ts';
import { ask } from '../orders/follow.ts';
import { exitCodeOfRun, report } from './report.ts';
import type { Session } from './session.ts';
import { findSession, needsDev, openSession, webAddress } from './session.ts';
import { EXIT } from './terminal.ts';
import { watch } from './watch.ts';

export interface RunOptions {
  repo?: string;
  base?: string;
  pipeline?: PipelineName;
  engine?: EngineName;
  model?: string;
  workspace?: WorkspaceKind;
  plan?: string;
  budget?: number;
  priority?: Priority;
  approve?: ApprovalName[];
  fresh: boolean;
  detach: boolean;
  json: boolean;
}

/** `belay run`: starts a run of an issue, or joins the one that is open, and follows it. Resolves to the exit code. */
export async function run(context: Context, target: string, options: RunOptions): Promise<number> {
  const order = await takeOrder(intakeOf(context), await requestOf(context, target, options));
  for (const note of order.notes) context.terminal.note(note);
  const { requested, labelled, engine } = order.input;
  await requireEngine(context, requested?.engine ?? labelled?.engine ?? engine);
  await sayOnce(context);
  await using session = options.detach ? await detachable(context) : await openSession(context);
  const started = await startRun({ ...context, client: session.client }, order);
  return await followToRest(context, session, started, options);
}

async function requestOf({ gitHub }: Context, target: string, options: RunOptions): Promise<Request> {
  const { repo, base, pipeline, workspace, plan, fresh, engine, model, budget, priority, approve } = options;
  return {
    target: await parseTarget(target, { gitHubHost: gitHub.host }),
    fresh,
    workingDirectory: process.cwd(),
    triggeredBy: userInfo().username,
    ...withoutUndefined({ repository: repo, base, pipeline, planFile: plan }),
    requested: withoutUndefined({ engine, model, workspace, budgetUsd: budget, priority, approve }),
  };
}

/** Follows a started run to where it rests, unless it was to be left alone. */
export async function followToRest(
  context: Context,
  session: Session,
  { workflowId, runId, joined }: Started,
  { detach, json }: Pick<RunOptions, 'detach' | 'json'>,
): Promise<number> {
  const { terminal, ledger } = context;
  if (joined) terminal.note(`Run ${runId ?? workflowId} of this issue is open already: following it.`);
  const web = webAddress(session, workflowId);
  if (detach) return detached({ context, session, workflowId, runId, web, json });
  if (web && !json) terminal.note(`Run ${runId ?? ''} · ${web}`);
  const view = await watch({ session, ledger, workflowId, terminal, quiet: json });
  if (!view) {
    terminal.note(`Left. The run is kept and goes on at the next \`belay dev\` or \`belay run\`; \`belay show ${runId ?? ''}\` shows it.`);
    return EXIT.cancelled;
  }
  terminal.out(json ? JSON.stringify(view, undefined, 2) : report(view, { web: session.temporary ? undefined : web }));
  return exitCodeOfRun(view);
}

interface Detached {
  context: Context;
  session: Session;
  workflowId: string;
  runId: string | undefined;
  web: string | undefined;
  json: boolean;
}

async function detached({ context: { terminal, ledger }, session, workflowId, runId, web, json }: Detached): Promise<number> {
  // A worker may not have taken it up yet: then the ledger knows what was asked for.
  if (json) terminal.out(JSON.stringify((await ask(session.client, workflowId)) ?? (await ledger.getRun(runId ?? '')), undefined, 2));
  else terminal.out(`Run ${runId ?? workflowId} is on its way.${web ? `\n  ${web}` : ''}\n  belay logs ${runId ?? ''} -f`);
  return EXIT.ok;
}

/** Nobody would stay to keep an embedded server up. */
async function detachable(context: Context): Promise<Session> {
  const session = await findSession(context);
  if (session) return session;
  throw needsDev('--detach');
}

/** Better said before anything starts than by a parked run. */
export async function requireEngine({ config, env }: Pick<Context, 'config' | 'env'>, name: EngineName): Promise<void> {
  const { installed, loggedIn, hint } = await composeEngines(config, env)[name].check();
  if (!installed)
    throw new BelayError({ code: 'engine_not_installed', message: `The engine ${name} is not installed.`, ...(hint ? { hint } : {}) });
  if (loggedIn === 'no')
    throw new BelayError({ code: 'engine_not_logged_in', message: `The engine ${name} is not logged in.`, ...(hint ? { hint } : {}) });
}

/** There is no sandbox yet, and people should know before their first run. */
async function sayOnce({ config, terminal }: Context): Promise<void> {
  const runs = await readdir(`${config.home}/runs`).catch(() => []);
  if (runs.length > 0) return;
  terminal.note(
    'Note: agents and tests run with your rights on this machine: there is no sandbox. Use repositories and issues that you trust.',
  );
}
