import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { intakeOf } from '../compose-intake.ts';
import { loadConfig } from '../config.ts';
import type { EngineName } from '../contracts/constants.ts';
import type { RunView } from '../contracts/run-view.ts';
import { createBareRepository } from '../git/bare-repository.ts';
import { takeOrder } from '../intake/order.ts';
import { startRun } from '../intake/start-run.ts';
import { createLog } from '../telemetry/log.ts';
import { onStopSignals } from '../process/stop-signals.ts';
import { connectTemporal, localTarget } from '../temporal/connection.ts';
import { installLogger } from '../worker.ts';
import type { Context } from './context.ts';
import { openContext } from './context.ts';
import type { DevStack } from './dev-stack.ts';
import { startDevStack } from './dev-stack.ts';
import { exitCodeOfRun, report } from './report.ts';
import { requireEngine } from './run.ts';
import type { Session } from './session.ts';
import { webAddress } from './session.ts';
import type { Terminal } from './terminal.ts';
import { EXIT } from './terminal.ts';
import { watch } from './watch.ts';

const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));

export interface DemoOptions {
  engine: EngineName;
  keep: boolean;
}

/** `belay demo`: brings the sample project's issue to a pull request, everything embedded, in a home of its own. */
export async function demo(
  { env, terminal }: { env: NodeJS.ProcessEnv; terminal: Terminal },
  { engine, keep }: DemoOptions,
): Promise<number> {
  const script = { BELAY_SCRIPT: path.join(SAMPLES, 'shop.script.yml') };
  await requireEngine({ config: loadConfig({ ...env, ...script }), env }, engine);
  const stopping = new AbortController();
  // Before there is anything to leave behind.
  using _ = onStopSignals(() => stopping.abort());
  const home = await mkdtemp(path.join(tmpdir(), 'belay-demo-'));
  try {
    await using context = await openContext({ env: { ...env, ...script, BELAY_HOME: path.join(home, 'home') }, terminal });
    const project = await stage(context, home);
    terminal.note(await introduction(engine, home));
    return await play(context, { home, project, engine, keep, stopping: stopping.signal });
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    return EXIT.cancelled;
  } finally {
    await rm(path.join(home, 'scratch'), { recursive: true, force: true });
    if (stopping.signal.aborted && !keep) await rm(home, { recursive: true, force: true });
  }
}

/** The sample project as a repository on the local forge, its issue beside it. */
async function stage({ forges }: Context, home: string): Promise<string> {
  const project = path.join(home, 'shop.git');
  await createBareRepository({
    from: path.join(SAMPLES, 'shop'),
    to: project,
    scratch: path.join(home, 'scratch'),
    message: 'Import the shop',
  });
  await cp(path.join(SAMPLES, 'shop.issue.md'), path.join(home, 'issue.md'));
  await forges.local.register({ path: project, owner: 'acme', name: 'shop' });
  return project;
}

async function introduction(engine: EngineName, home: string): Promise<string> {
  const issue = await readFile(path.join(home, 'issue.md'), 'utf8');
  const agent =
    engine === 'scripted'
      ? 'A scripted agent plays the coding agent: it really edits files, and really makes two mistakes.'
      : `${engine} works on it with your login or key.`;
  return [
    '',
    'The issue:',
    '',
    ...issue
      .trim()
      .split('\n')
      .map((line) => `  │ ${line}`.trimEnd()),
    '',
    agent,
    'Everything else is real: Temporal, git, the tests. Agents and tests run with your rights.',
    '',
  ].join('\n');
}

interface Stage {
  home: string;
  project: string;
  engine: EngineName;
  keep: boolean;
  stopping: AbortSignal;
}

async function play(context: Context, { home, project, engine, keep, stopping }: Stage): Promise<number> {
  const { terminal, config, env } = context;
  installLogger(createLog({ level: 'silent' }));
  await using stack = await startDevStack({
    config,
    env,
    log: createLog({ level: 'silent' }),
    onProgress: (message) => terminal.note(message),
    signal: stopping,
  });
  await using temporal = await connectTemporal({ target: localTarget(stack.address, stack.namespace) });
  const session: Session = {
    client: temporal.client,
    namespace: stack.namespace,
    temporary: true,
    ...(stack.uiUrl ? { uiUrl: stack.uiUrl } : {}),
    [Symbol.asyncDispose]: async () => {},
  };
  const code = await follow(context, session, { home, project, engine, keep, stopping });
  if (keep && !stopping.aborted) await stay(terminal, stack, stopping);
  return code;
}

async function follow(context: Context, session: Session, { home, project, engine, keep, stopping }: Stage): Promise<number> {
  const { terminal, ledger } = context;
  const request = {
    target: { kind: 'file' as const, path: path.join(home, 'issue.md') },
    repository: project,
    workingDirectory: home,
    pipeline: 'sdlc' as const,
    fresh: false,
    requested: { engine },
    triggeredBy: 'demo',
  };
  const { workflowId } = await startRun({ ...context, client: session.client }, await takeOrder(intakeOf(context), request));
  const view = await watch({ session, ledger, workflowId, terminal, leaving: stopping });
  if (!view) return EXIT.cancelled;
  terminal.out(`\n${report(view, { web: webAddress(session, workflowId) })}\n\n${whatNext(context, { view, home, keep })}`);
  return exitCodeOfRun(view);
}

function whatNext({ files, config }: Context, { view, home, keep }: { view: RunView; home: string; keep: boolean }): string {
  return [
    `  files         ${files.directory(view.id)}`,
    `  its home      ${home}`,
    '',
    ...(keep ? [] : ['The web address is gone with the demo: `npm run demo -- --keep` keeps its servers up.']),
    `Read the pull request:   the file above, or BELAY_HOME=${config.home} npx belay pr show ${view.id}`,
    'Try your own repository: npx belay run "what you want changed" --repo ../my-project --engine claude',
  ].join('\n');
}

async function stay(terminal: Terminal, { uiUrl }: DevStack, signal: AbortSignal): Promise<void> {
  terminal.note(`\nThe servers stay up${uiUrl ? `: ${uiUrl}` : ''}. Ctrl-C stops them.`);
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
