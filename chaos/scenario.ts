import type { Findings } from './oracles/findings.ts';
import type { Random } from './random.ts';
import type { Stage, StageOptions } from './stage/stage.ts';

/** How much a campaign still wants of a scenario. */
export interface Budget {
  /** At least so many kills are wanted in all; a scenario does a part of them. */
  kills: number;
  /** When a scenario should stop beginning anew, in milliseconds of `performance.now()`. */
  until: number;
}

/** What is set up, which faults are injected, and what must hold beside the invariants. */
export interface Scenario {
  name: string;
  /** One line for people. */
  says: string;
  /** What it needs that this machine has not. */
  unable?(): string | undefined;
  stage?(random: Random): Omit<StageOptions, 'random'>;
  /** Gives orders and does harm. When it returns, faults are over and workers serve. */
  play(stage: Stage, budget: Budget): Promise<void>;
  /** What does not hold. */
  alsoHolds?(findings: Findings): string[];
  /** How long runs may take to come to rest when the faults are over. */
  settleMs?: number;
}
