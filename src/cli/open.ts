import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { BelayError } from '../contracts/errors.ts';
import { repositoryOfRun } from '../contracts/repository.ts';
import type { RunView } from '../contracts/run-view.ts';
import { createMirrors } from '../git/mirror.ts';
import { stateOfVersion } from '../intake/kept-state.ts';
import { openCheckout } from '../workspace/opened.ts';
import type { Context } from './context.ts';
import { EXIT } from './terminal.ts';

interface OpenOptions {
  path: boolean;
  version?: number;
}

/** `belay open`: a shell in the run's workspace, or in a copy of its newest checkpoint where it holds none. */
export async function open(context: Context, id: string, { path: onlyPath, version }: OpenOptions): Promise<number> {
  const view = await context.ledger.getRun(id);
  const where = version === undefined ? await newestOf(context, view) : await checkoutOf(context, await atVersion(context, view, version));
  if (onlyPath || !process.stdin.isTTY) {
    context.terminal.out(where);
    return EXIT.ok;
  }
  context.terminal.note(`A shell in ${where}. Leave it with \`exit\`.`);
  return shellIn(where, context.env);
}

const newestOf = async (context: Context, view: RunView): Promise<string> => (await workspaceOf(view)) ?? checkoutOf(context, view);

/** The run with the commit that it had then. */
async function atVersion({ ledger }: Context, view: RunView, version: number): Promise<RunView> {
  const { baseSha, checkpoint } = stateOfVersion(view, await ledger.listVersions(view.id), version).facts;
  return { ...view, ...(baseSha ? { baseSha, headSha: checkpoint ?? baseSha } : {}) };
}

async function workspaceOf({ workspace }: RunView): Promise<string | undefined> {
  if (!workspace) return undefined;
  const there = await stat(workspace.path).catch(() => undefined);
  return there?.isDirectory() ? workspace.path : undefined;
}

/** A clone of its own, so that a person and a retry do not get in each other's way. */
async function checkoutOf({ config, env }: Context, { id, headSha, baseSha, ...run }: RunView): Promise<string> {
  const commit = headSha ?? baseSha;
  if (!commit)
    throw new BelayError({
      code: 'earlier_work_missing',
      message: `Run ${id} has no work yet.`,
      hint: `\`belay show ${id}\` says how far it came.`,
    });
  const ref = repositoryOfRun(run);
  const mirror = await createMirrors({ home: config.home, env }).open(ref);
  if (!(await mirror.hasCommit(commit))) {
    throw new BelayError({
      code: 'earlier_work_missing',
      message: `Commit ${commit} of run ${id} is not on this machine.`,
      hint: 'Open it on the host that did the work.',
    });
  }
  return openCheckout({ home: config.home, mirror, runId: id, commit });
}

function shellIn(cwd: string, env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const shell = spawn(env['SHELL'] ?? '/bin/sh', [], { cwd, env, stdio: 'inherit' });
    shell.once('error', reject);
    shell.once('exit', (code) => resolve(code ?? EXIT.failed));
  });
}
