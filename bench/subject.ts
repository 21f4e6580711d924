import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startDevStack } from '../src/cli/dev-stack.ts';
import { intakeOf } from '../src/cli/run.ts';
import { openContext } from '../src/cli/context.ts';
import { createBareRepository } from '../src/git/bare-repository.ts';
import { takeOrder } from '../src/intake/order.ts';
import { startRun } from '../src/intake/start-run.ts';
import { createLog } from '../src/telemetry/log.ts';
import { connectTemporal, localTarget } from '../src/temporal/connection.ts';
import { installLogger } from '../src/worker.ts';

export interface History {
  events: number;
  bytes: number;
}

/** Belay with its embedded servers, warm, and a repository of `files` files whose test command does nothing. */
export interface Subject extends AsyncDisposable {
  repository: string;
  script: string;
  /** One request from start to pull request; resolves to what its history weighs. */
  run(text: string): Promise<History>;
}

const SCRIPT = `
classify: [{ json: { class: chore, reason: it is a benchmark } }]
plan: [{ say: Add a line. }]
implement: [{ write: { added.txt: "a line\\n" }, say: Added a line. }]
review: [{ json: { passed: true, issues: [] } }]
document: [{ say: Nothing to update. }]
commit-message: [{ say: "chore: add a line" }]
pull-request: [{ json: { title: Add a line, body: It adds a line. } }]
`;

const quiet = { live: false, piped: true, out: () => {}, note: () => {}, exact: () => {} };

export async function createSubject({ folder, files, slots }: { folder: string; files: number; slots: number }): Promise<Subject> {
  await using stack = new AsyncDisposableStack();
  const repository = await createRepository(folder, files);
  const script = join(folder, 'script.yml');
  await writeFile(script, SCRIPT);
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
  };
  installLogger(createLog({ level: 'silent' }));
  const context = stack.use(await openContext({ env, terminal: quiet }));
  const dev = stack.use(await startDevStack({ config: context.config, env, log: createLog({ level: 'silent' }), onProgress: () => {} }));
  const { client } = stack.use(await connectTemporal({ target: localTarget(dev.address, dev.namespace) }));
  const kept = stack.move();
  return {
    repository,
    script,
    async run(text) {
      const order = await takeOrder(intakeOf(context), {
        target: { kind: 'request', text },
        repository,
        workingDirectory: folder,
        pipeline: 'sdlc',
        fresh: false,
        requested: {},
        triggeredBy: 'bench',
      });
      const { workflowId } = await startRun({ ...context, client }, order);
      const handle = client.workflow.getHandle(workflowId);
      await handle.result();
      const { historyLength, historySize } = await handle.describe();
      return { events: historyLength, bytes: historySize ?? 0 };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function createRepository(folder: string, files: number): Promise<string> {
  const from = join(folder, 'files');
  for (let index = 0; index < files; index++) {
    const part = join(from, `part-${Math.floor(index / 100)}`);
    await mkdir(part, { recursive: true });
    await writeFile(join(part, `file-${index}.txt`), `${'line of text\n'.repeat(40)}${index}\n`);
  }
  await writeFile(join(from, 'Makefile'), 'test:\n\t@true\n');
  const to = join(folder, 'repository.git');
  await createBareRepository({ from, to, scratch: join(folder, 'scratch'), message: 'Begin' });
  return to;
}
