import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localTarget } from '../../src/temporal/connection.ts';
import { startTestApi } from './api.ts';
import type { TestApi } from './api.ts';
import { startBelay } from './belay.ts';
import { HAPPY_TURNS } from './belay-project.ts';
import { gitHubServer } from './github.ts';
import { startPostgres } from './postgres.ts';
import { recordedRun } from './recorded-run.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface FuzzedApiOptions {
  /** Without, nothing answers in Temporal's place. */
  temporal: boolean;
  /** Instead of a file. */
  postgres: boolean;
}

/** What a fuzzer may know of an API, so that more than refusals is tried. */
export interface FuzzedApi extends AsyncDisposable {
  readonly api: TestApi;
  readonly token: string;
  readonly known: {
    /** Of runs that nobody removes. */
    open: string[];
    closed: string[];
    artifacts: string[];
    /** Closed ones, each in a repository of its own: they may be removed. */
    spare: string[];
    /** Where runs may be started. */
    repository: string;
    /** The spare runs are in `spare/r1` and so on, up to before this. */
    repositories: number;
  };
}

const CLOSED = 10;
const SPARE = 200;
const MANY = '1000000';
const LIMITS = { BELAY_API_CALLS_PER_MINUTE: MANY, BELAY_API_ADDRESS_CALLS_PER_MINUTE: MANY };

/** Ids are of eight digits. */
const idOf = (number: number): string => String(10_000_000 + number);

/** An API with runs in its ledger; where there is a Temporal, also with runs that wait for a word. */
export async function fuzzedApi({ temporal, postgres }: FuzzedApiOptions): Promise<FuzzedApi> {
  await using stack = new AsyncDisposableStack();
  const database = postgres ? await stack.use(await startPostgres()).createDatabase('fuzzed') : undefined;
  const script = join(stack.use(await temporaryDirectory()).path, 'script.yml');
  await writeFile(script, JSON.stringify(HAPPY_TURNS));
  const github = stack.use(await gitHubServer());
  const places = { GITHUB_TOKEN: github.token, BELAY_GITHUB_API_URL: github.apiUrl, BELAY_GITHUB_GIT_URL: github.gitUrl };
  const settings = { ...LIMITS, ...places, BELAY_SCRIPT: script, ...(database ? { BELAY_DATABASE_URL: database } : {}) };
  const belay = temporal ? stack.use(await startBelay({ ...settings, BELAY_MAX_WORKSPACES: '2' })) : undefined;
  const live = belay ? { home: belay.home, target: () => Promise.resolve(localTarget(belay.address)) } : {};
  const api = stack.use(await startTestApi({ settings, ...live }));
  const open = belay ? await waitingRuns(await belay.project()) : [idOf(900)];
  if (!belay) await record(api, { id: idOf(900), workflowId: 'local:acme/shop#900' });
  const recorded = await closedRuns(api);
  const token = await api.token('admin', { name: 'fuzzer' });
  const kept = stack.move();
  return {
    api,
    token,
    known: { open, ...recorded, repository: 'local/project', repositories: CLOSED + SPARE },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

type Project = Awaited<ReturnType<Awaited<ReturnType<typeof startBelay>>['project']>>;

/** Two plans that wait for a person. */
async function waitingRuns(project: Project): Promise<string[]> {
  const ids: string[] = [];
  for (const target of ['Write one thing down', 'Write another thing down']) {
    const run = await project.run({ target, approve: ['plan'] });
    await run.until(({ approval }) => approval !== undefined);
    ids.push(run.id);
  }
  return ids;
}

const record = ({ home, ledger }: TestApi, run: Parameters<typeof recordedRun>[0]['run']): Promise<string> =>
  recordedRun({ home, ledger, run });

async function closedRuns(api: TestApi) {
  const known = { closed: [] as string[], artifacts: [] as string[], spare: [] as string[] };
  for (let number = 1; number <= CLOSED + SPARE; number++) {
    const [id, isSpare] = [idOf(number), number > CLOSED];
    const status = (['completed', 'failed', 'cancelled'] as const)[number % 3] ?? 'completed';
    const repository = isSpare ? `spare/r${number}` : 'acme/shop';
    const artifact = await record(api, { id, workflowId: `local:${repository}#${number}`, repository, status });
    if (isSpare) known.spare.push(id);
    else {
      known.closed.push(id);
      known.artifacts.push(artifact);
    }
  }
  return known;
}
