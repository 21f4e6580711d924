import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Order, Standing } from '../stage/orders.ts';
import { standingOf } from '../stage/orders.ts';
import type { Stage } from '../stage/stage.ts';
import { within } from '../until.ts';
import { commentsOn, pullsOn } from './forge.ts';
import type { PullFact } from './forge.ts';
import { belayRefs, branchesOf, pushesTo, reflogOf, testsOn, treeOfCommit, withEpochs, workspacesIn } from './git.ts';
import type { PushFact } from './git.ts';
import { askedEpochs, checkedTrees, endOf, exportHistories, grantsIn, outcomeOf, startInput } from './histories.ts';
import type { Execution, GrantFact } from './histories.ts';
import { agentsByRun, listeningPorts, processesOf } from './processes.ts';
import type { Overlap } from './watch.ts';
import type { Stuck } from './progress.ts';

/** What became of an order, as others than Belay tell it. */
export interface RunFact {
  order: Order;
  standing: Standing;
  /** How its newest execution ended in the exported history. */
  end?: string;
  outcome?: string;
  grants: GrantFact[];
  /** Epochs of leases that its workflow asked for. */
  asked: ReadonlySet<number>;
  /** Who started each of its executions. */
  actors: string[];
  checkedTrees: ReadonlySet<string>;
  executions: Execution[];
  pulls: PullFact[];
  comments: string[];
}

/** A branch of Belay's on the forge that a pull request is open for. */
export interface HeadFact {
  branch: string;
  runId: string;
  sha: string;
  tree: string;
  /** What the tests say in a fresh checkout, where they fail. */
  failing?: string;
  reflog: { by: string; to: string }[];
}

export interface Leftovers {
  agents: number[];
  workspaces: string[];
  attempts: string[];
  ports: number[];
  /** At the remote, of runs that have ended well. */
  refs: string[];
}

/** All that the oracles found out about a stage, its runs at rest and its workers still up. */
export interface Findings {
  runs: RunFact[];
  pushes: PushFact[];
  heads: HeadFact[];
  /** Which start of a worker a boot was. */
  labels: ReadonlyMap<string, string>;
  overlaps: readonly Overlap[];
  /** Runs whose agent found a lock of its run taken. */
  contended: string[];
  leaks: string[];
  leftovers: Leftovers;
  /** Processes that are there after the last worker was stopped. */
  remains: string[];
  stuck: readonly Stuck[];
}

/** What is being cleaned up may take so long. */
const CLEAN_MS = 20_000;

export async function findOut(stage: Stage): Promise<Omit<Findings, 'remains'>> {
  const runs = await Promise.all(stage.orders.map((order) => runFact(stage, order)));
  const leftovers = await leftoversOf(stage, runs);
  const pulls = runs.flatMap((run) => run.pulls);
  const heads: HeadFact[] = [];
  for (const [branch, sha] of await branchesOf(stage.forge)) {
    const run = stage.orders.find(({ runId }) => branch.endsWith(`-${runId}`));
    if (run && pulls.some((pull) => pull.state === 'open' && pull.branch === branch))
      heads.push(await headFact(stage, { branch, sha, runId: run.runId }));
  }
  return {
    runs,
    heads,
    pushes: await withEpochs(pushesTo(stage.forge), stage.forge),
    labels: new Map(stage.hosts.flatMap(({ workers }) => workers.flatMap(({ boot, label }) => (boot ? [[boot, label] as const] : [])))),
    overlaps: stage.watch.overlaps,
    contended: linesOf(stage.agents.log).filter((line) => line.startsWith('overlap ')),
    leaks: leaksIn(stage.agents.leaks),
    leftovers,
    stuck: stage.progress.stuck,
  };
}

/** What lives on although every worker was stopped. */
export async function remainsOf({ hosts, folder }: Stage): Promise<string[]> {
  const look = () =>
    hosts.flatMap(({ user }) => processesOf(user.folder)).filter(({ argv }) => !argv.some((word) => word.startsWith(`${folder}/temporal`)));
  await within({ ms: CLEAN_MS }, async () => (look().length === 0 ? true : undefined));
  return look().map(({ pid, argv }) => `${pid} ${argv.join(' ').slice(0, 200)}`);
}

async function runFact({ client, temporal, forge }: Stage, order: Order): Promise<RunFact> {
  const executions = await exportHistories(temporal, order.workflowId);
  const end = endOf(executions);
  const outcome = outcomeOf(executions);
  const pulls = (await pullsOn(forge)).filter(
    ({ body, branch }) => branch.endsWith(`-${order.runId}`) || new RegExp(`#${order.issue}\\b`).test(body),
  );
  return {
    order,
    standing: await standingOf(client, order),
    ...(end ? { end } : {}),
    ...(outcome ? { outcome } : {}),
    grants: grantsIn(executions),
    asked: askedEpochs(executions),
    actors: executions.map((execution) => startInput(execution).triggeredBy ?? ''),
    checkedTrees: checkedTrees(executions),
    executions,
    pulls,
    comments: await commentsOn(forge, order.issue),
  };
}

async function headFact({ forge, folder }: Stage, { branch, sha, runId }: Pick<HeadFact, 'branch' | 'sha' | 'runId'>): Promise<HeadFact> {
  const failing = await testsOn(forge, { branch, folder });
  return {
    branch,
    sha,
    runId,
    tree: await treeOfCommit(forge, sha),
    reflog: await reflogOf(forge, branch),
    ...(failing ? { failing } : {}),
  };
}

/** What still belongs to runs. Parked ones hold nothing either. */
async function leftoversOf({ hosts, ports, forge }: Stage, runs: readonly RunFact[]): Promise<Leftovers> {
  const ended = runs.filter(({ end }) => end === 'COMPLETED').map(({ order }) => order.runId);
  const look = async (): Promise<Leftovers> => {
    const homes = hosts.map(({ user }) => user.home);
    const notes = homes.map((home) => join(home, 'attempts')).filter((folder) => existsSync(folder));
    return {
      agents: [...agentsByRun(homes).values()].flat(),
      workspaces: (await Promise.all(homes.map(workspacesIn))).flat(),
      attempts: notes.flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith('.json'))),
      ports: listeningPorts(ports),
      refs: await belayRefs(forge, ended),
    };
  };
  const isClean = (found: Leftovers): boolean => Object.values(found).every((each: unknown[]) => each.length === 0);
  await within({ ms: CLEAN_MS, pollMs: 200 }, async () => (isClean(await look()) ? true : undefined));
  return look();
}

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').split('\n').filter(Boolean);

/** Secrets all have one word in them, so that they are found wherever they are. */
function leaksIn(folder: string): string[] {
  return readdirSync(folder).flatMap((run) => {
    const found = linesOf(join(folder, run)).find((line) => line.includes('CANARY'));
    return found === undefined ? [] : [`${run}: ${found.slice(0, 120)}`];
  });
}
