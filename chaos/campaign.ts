import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findOut, remainsOf } from './oracles/findings.ts';
import type { Findings } from './oracles/findings.ts';
import { violationsOf } from './invariants.ts';
import type { InvariantName } from './invariants.ts';
import { createRandom } from './random.ts';
import type { Scenario } from './scenario.ts';
import { openStage } from './stage/stage.ts';
import type { Fault, Stage, StageOptions } from './stage/stage.ts';

export interface CampaignOptions {
  seed: string;
  scenarios: readonly Scenario[];
  /** No scenario begins after so many minutes, or so many kills. One pass over all is made at most once, unless kills are wanted. */
  minutes: number;
  kills: number;
  /** A scenario that does the same again and again begins nothing anew after so long, for the others to have their turn. Default 1.5. */
  minutesEach?: number;
  /** Over what scenarios ask for. */
  stage?: Partial<Omit<StageOptions, 'random'>>;
  /** Where the histories of all runs are left, for a look at what went wrong. */
  historiesTo?: string;
  say?: (line: string) => void;
}

/** What one play of a scenario came to. */
export interface Played {
  scenario: string;
  /** Plays the same again: `--only SCENARIO --seed SEED`. */
  seed: string;
  seconds: number;
  orders: number;
  kills: number;
  faults: (Omit<Fault, 'at'> & { afterMs: number })[];
  /** Runs by how they ended: their outcome, or how Temporal closed them, or `parked`. */
  ends: Record<string, number>;
  /** Why runs had parked for the faults before they were told to go on. */
  parkedOnce: string[];
  lost: number;
  duplicates: number;
  violations: { invariant: InvariantName | 'scenario'; message: string }[];
  /** Why it was not played. */
  skipped?: string;
}

const SETTLE_MS = 150_000;

/** Plays scenarios in an order that follows from the seed, until the time is over or the kills are done. */
export async function runCampaign({
  seed,
  scenarios,
  minutes,
  kills,
  minutesEach = 1.5,
  stage = {},
  historiesTo,
  say = () => {},
}: CampaignOptions): Promise<Played[]> {
  const until = performance.now() + minutes * 60_000;
  const played: Played[] = [];
  const killed = (): number => played.reduce((sum, each) => sum + each.kills, 0);
  for (let round = 0; ; round++) {
    const roundSeed = round === 0 ? seed : `${seed}.${round}`;
    for (const scenario of createRandom(roundSeed).shuffled(scenarios)) {
      if (performance.now() >= until || killed() >= kills) return played;
      const result = await play({
        scenario,
        seed: roundSeed,
        stage,
        historiesTo,
        budget: { kills: kills - killed(), until: Math.min(until, performance.now() + minutesEach * 60_000) },
      });
      played.push(result);
      say(lineOf(result));
    }
    if (played.every(({ skipped }) => skipped !== undefined)) return played;
  }
}

function lineOf({ scenario, seconds, orders, kills, ends, parkedOnce, violations, skipped }: Played): string {
  if (skipped) return `${scenario}: not played, ${skipped}`;
  const ended = Object.entries(ends).map(([end, count]) => `${count} ${end}`);
  const said = violations.map(({ invariant, message }) => `\n  ${invariant}: ${message}`).join('');
  return `${scenario}: ${seconds.toFixed(0)} s, ${orders} orders, ${kills} kills, ${ended.join(', ') || 'nothing'}${parkedOnce.map((cause) => `\n  parked first: ${cause}`).join('')}${said}`;
}

interface Play {
  scenario: Scenario;
  seed: string;
  stage: Partial<Omit<StageOptions, 'random'>>;
  historiesTo: string | undefined;
  budget: { kills: number; until: number };
}

async function play({ scenario, seed, stage: over, historiesTo, budget }: Play): Promise<Played> {
  const { name } = scenario;
  const skipped = scenario.unable?.();
  if (skipped) return { ...NOTHING, scenario: name, seed, skipped };
  const began = performance.now();
  const beganAt = Date.now();
  const random = createRandom(seed).fork(name);
  await using stage = await openStage({ random, ...scenario.stage?.(random), ...over });
  const broken: Played['violations'] = [];
  try {
    await scenario.play(stage, budget);
  } catch (error) {
    broken.push({
      invariant: 'scenario',
      message: `it could not be played to its end: ${error instanceof Error ? error.message : String(error)}`,
    });
  }
  const findings = await afterwards(stage, scenario);
  if (historiesTo) await writeHistories(historiesTo, findings);
  const violations = [
    ...broken,
    ...violationsOf(findings),
    ...(scenario.alsoHolds?.(findings) ?? []).map((message) => ({ invariant: 'scenario' as const, message })),
  ];
  return {
    scenario: name,
    seed,
    seconds: (performance.now() - began) / 1000,
    orders: stage.orders.length,
    kills: stage.faults.filter(({ kill }) => kill).length,
    faults: stage.faults.map(({ at, ...fault }) => ({ ...fault, afterMs: at - beganAt })),
    ends: endsOf(findings),
    parkedOnce: stage.orders.flatMap(({ parked }) => parked ?? []),
    lost: violations.filter(({ invariant }) => invariant === 'I3').length,
    duplicates: violations.filter(({ invariant }) => invariant === 'I2').length,
    violations,
  };
}

const NOTHING = { seconds: 0, orders: 0, kills: 0, faults: [], ends: {}, parkedOnce: [], lost: 0, duplicates: 0, violations: [] };

/** Lets the runs come to rest, has the oracles look, stops the workers, and has them look again. */
async function afterwards(stage: Stage, { settleMs = SETTLE_MS }: Scenario): Promise<Findings> {
  await stage.settle(settleMs);
  const findings = await findOut(stage);
  await Promise.all(stage.hosts.map((host) => host.stop()));
  return { ...findings, remains: await remainsOf(stage) };
}

async function writeHistories(folder: string, { runs }: Findings): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { order, executions } of runs) await writeFile(join(folder, `${order.runId}.json`), JSON.stringify(executions, undefined, 1));
}

function endsOf({ runs }: Findings): Record<string, number> {
  const ends = runs.map(({ end, outcome, standing }) => outcome ?? end?.toLowerCase() ?? standing.belay);
  return Object.fromEntries([...Map.groupBy(ends, (end) => end)].map(([end, each]) => [end, each.length]));
}
