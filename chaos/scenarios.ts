import type { Scenario } from './scenario.ts';
import { effects } from './scenarios/effects.ts';
import { hang, orphans } from './scenarios/agents.ts';
import { boundaries } from './scenarios/boundaries.ts';
import { lostReply, partition } from './scenarios/forge-faults.ts';
import { baseMoved, branchDeleted, issueClosed, rivalPush } from './scenarios/people.ts';
import { randomKills } from './scenarios/random-kills.ts';
import { serverKills } from './scenarios/server-kills.ts';
import { clock, frozen } from './scenarios/time.ts';
import { diskFull, worktreeDeleted } from './scenarios/workspaces.ts';
import { latePush, lostHost, zombie } from './scenarios/zombies.ts';

/** All that a campaign can play. */
export const SCENARIOS: readonly Scenario[] = [
  effects,
  boundaries,
  randomKills,
  serverKills,
  frozen,
  zombie,
  latePush,
  lostHost,
  lostReply,
  partition,
  worktreeDeleted,
  diskFull,
  hang,
  orphans,
  clock,
  issueClosed,
  branchDeleted,
  rivalPush,
  baseMoved,
];
