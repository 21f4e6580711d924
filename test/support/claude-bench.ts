import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createClaude } from '../../src/engines/claude.ts';
import type { ClaudeOptions } from '../../src/engines/claude.ts';
import type { Engine, EngineEvent, EngineRequest, EngineResult } from '../../src/engines/engine.ts';
import { runTurn } from '../../src/engines/turn.ts';
import { createProcessTrees } from '../../src/process/process-trees.ts';
import type { ProcessTrees } from '../../src/process/process-trees.ts';
import { installAgents } from './agents.ts';
import { startModelServer } from './model-server.ts';
import type { ModelRequest, ModelServer, Reply } from './model-server.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Without the tools of this project. */
export const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';
/** The real claude with all that it needs. */
export interface ClaudeBench extends AsyncDisposable {
  workspace: string;
  server: ModelServer;
  engine: Engine;
  transcript: string;
  turn: (request?: Partial<EngineRequest>, rest?: TurnRest) => Promise<EngineResult>;
}

export interface TurnRest {
  env?: Record<string, string>;
  signal?: AbortSignal;
  onEvent?: (event: EngineEvent) => void;
  idleMs?: number;
}

export interface BenchOptions {
  isolation?: 'namespace' | 'reaper';
  claude?: Partial<ClaudeOptions>;
}

/** A workspace, a home of its own for claude, and a model that answers as told. */
export async function openBench(model: (request: ModelRequest) => Reply, { isolation, claude }: BenchOptions = {}): Promise<ClaudeBench> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryDirectory());
  const server = stack.use(await startModelServer(model));
  const processes: ProcessTrees = stack.use(
    await createProcessTrees({ bootId: randomUUID(), graceMs: 200, ...(isolation && { isolation }) }),
  );
  const [workspace, home] = [join(folder.path, 'workspace'), join(folder.path, 'home')];
  await Promise.all([mkdir(workspace), mkdir(home)]);
  const { claude: program } = await installAgents();
  const engine = createClaude({
    home,
    searchPath: SYSTEM_PATH,
    path: program,
    baseUrl: server.url,
    apiKey: () => 'sk-test',
    env: { CLAUDE_CODE_MAX_RETRIES: '0' },
    ...claude,
  });
  const transcript = join(folder.path, 'transcripts', 'turn.jsonl');
  const owned = stack.move();
  return {
    workspace,
    server,
    engine,
    transcript,
    turn: (request = {}, { env = {}, idleMs = 60_000, ...rest } = {}) =>
      runTurn({
        engine,
        processes,
        transcriptFile: transcript,
        limits: { idleMs, totalMs: 120_000 },
        ...rest,
        env: { PATH: SYSTEM_PATH, ...env },
        request: {
          command: 'implement',
          prompt: 'Please do it.',
          cwd: workspace,
          permissions: ['read', 'edit', 'run'],
          sessionId: randomUUID(),
          stateDir: join(folder.path, 'state'),
          ...request,
        },
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
