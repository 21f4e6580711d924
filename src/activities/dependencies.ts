import type { Client } from '@temporalio/client';
import type { EngineName } from '../contracts/constants.ts';
import type { Triggers } from '../contracts/triggers.ts';
import type { ForgeName, TrackerName } from '../contracts/repository.ts';
import type { Engine } from '../engines/engine.ts';
import type { Forge } from '../forges/forge.ts';
import type { Mirrors } from '../git/mirror.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Notifier } from '../notifications/webhook.ts';
import type { CallRate } from '../pacing/call-rate.ts';
import type { ProcessTrees } from '../process/process-trees.ts';
import type { ArtifactStore } from '../run-files/store/artifact-store.ts';
import type { RunFiles } from '../run-files/run-files.ts';
import type { Tracker } from '../trackers/tracker.ts';
import type { PortRegistry } from '../workspace/ports.ts';
import type { Admission } from '../workspace/admission.ts';
import type { Worktrees } from '../workspace/worktree.ts';
import type { Breakers } from './breakers.ts';
import type { AtEffect } from './effects.ts';
import type { Holdings } from './holdings.ts';

/** What activities are composed from. Made once by the worker's entry point. */
export interface Dependencies {
  home: string;
  /** `identity`: what Temporal calls this worker process by, `<host id>@<boot>`; `former`: what it may have called the one before it. */
  host: { id: string; identity: string; former: readonly string[]; taskQueue: string };
  client: Client;
  ledger: Ledger;
  /** What must never be published: the secrets of this installation as they are now, in every way that they are written. */
  ownSecrets: () => readonly string[];
  files: RunFiles;
  /** Where hosts have these files in common, if anywhere. */
  store?: ArtifactStore;
  forges: Record<ForgeName, Forge>;
  trackers: Record<TrackerName, Tracker>;
  engines: Record<EngineName, Engine>;
  breakers: Breakers;
  processes: ProcessTrees;
  mirrors: Mirrors;
  worktrees: Worktrees;
  ports: PortRegistry;
  admission: Admission;
  holdings: Holdings;
  /** How often agents may be called, where that is limited. */
  agentCalls?: CallRate | undefined;
  /** What schedules have done. */
  triggers: Triggers;
  /** Where people are told that a run needs one of them, if anywhere. */
  notifier?: Notifier;
  /** What agents and tests see of the worker's environment: without its secrets. */
  workspaceEnvironment: Record<string, string>;
  /** For tests that end a process there. */
  atEffect?: AtEffect;
}
