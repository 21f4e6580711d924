import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { SWITCHABLE_PHASES } from './config-variables.ts';
import { PHASES } from './contracts/constants.ts';
import type { ApprovalName, CheckpointPlace, EngineName, PhaseName, PipelineName, Priority } from './contracts/constants.ts';
import type { BelayError } from './contracts/errors.ts';
import type { AgentChoice, RunSettings } from './contracts/run-state.ts';
import { withoutUndefined } from './contracts/without-undefined.ts';
import { invalidSettings, shapeProblems, yamlProblems } from './repository-settings-problems.ts';
import type { Problem } from './repository-settings-problems.ts';
import { repositorySettingsSchema } from './repository-settings-schema.ts';
import type { GivenSettings } from './repository-settings-schema.ts';

/** Where a repository keeps them, on its base branch. */
export const SETTINGS_FILE = '.belay.yml';

/** What a repository says about itself in `.belay.yml` on its base branch. */
export interface RepositorySettings {
  /** Shell commands that prepare the workspace. Unset: detected. Empty: none. */
  setup?: string[];
  /** Shell commands that check the repository. Unset: detected. Empty: none. */
  test?: string[];
  /** How the app is started; `ports` maps environment variables to the workspace's ports. */
  start?: StartSetting;
  /** From the root of the repository; unset: the root. */
  workingDirectory?: string;
  workspace?: 'worktree' | 'clone';
  checkpoints?: CheckpointPlace;
  /** Folders that runs share after their setup. Unset: detected. Empty: none. */
  setupCache?: string[];
  notes?: boolean;
  phasesOff: PhaseName[];
  /** Switched on although the installation has them off. */
  phasesOn: PhaseName[];
  byPhase: RunSettings['byPhase'];
  /** In the order of the file. */
  labels: LabelChoice[];
  limits: RunSettings['limits'] & { setupMs?: number };
  engine?: EngineName;
  model?: string;
  approve?: ApprovalName[];
  failover?: EngineName[];
  baseline?: RunSettings['baseline'];
  reviewCriteria?: string;
  onReviewCrash?: RunSettings['onReviewCrash'];
  updateBase?: RunSettings['updateBase'];
  pullRequest: Partial<RunSettings['pullRequest']>;
  issueLabels?: RunSettings['issueLabels'];
  protectedPaths: string[];
  secretsAllowed?: string[];
}

export interface StartSetting {
  command: string;
  ports: Record<string, 'backend' | 'frontend'>;
}

/** What a label of an issue chooses. */
export interface LabelChoice extends AgentChoice {
  label: string;
  pipeline?: PipelineName;
  budgetUsd?: number;
  priority?: Priority;
  phasesOff: PhaseName[];
  phasesOn: PhaseName[];
}

/** More is no settings file: it is turned down before it is parsed. */
const MAX_LENGTH = 64 * 1024;

/** Reads `.belay.yml`. Throws `BelayError` settings_invalid with every problem, each with line and column in `source`. */
export function parseRepositorySettings(text: string, { source }: { source: string }): RepositorySettings {
  const lineCounter = new LineCounter();
  const fail = (problems: readonly Problem[]): BelayError => invalidSettings({ source, lineCounter }, problems);
  if (text.length > MAX_LENGTH) throw fail([{ offset: 0, what: `it is longer than ${MAX_LENGTH / 1024} KB` }]);
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const malformed = yamlProblems(document);
  if (malformed.length > 0) throw fail(malformed);
  const parsed = repositorySettingsSchema.safeParse(document.toJS({ maxAliasCount: 0 }) ?? {});
  if (!parsed.success) throw fail(parsed.error.issues.flatMap((issue) => shapeProblems(issue, document)));
  return settingsOf(parsed.data, labelsInOrder(document));
}

/** A label may be a plain number, and those come first in an object whatever their place in the file. */
function labelsInOrder(document: ReturnType<typeof parseDocument>): string[] {
  const labels = document.get('labels');
  return isMap(labels) ? labels.items.map(({ key }) => String(isScalar(key) ? key.value : key).trim()) : [];
}

function settingsOf(given: GivenSettings, labelOrder: readonly string[]): RepositorySettings {
  const { setup, test, start, workingDirectory, workspace, checkpoints, notes, engine, model, failover, baseline, approve } = given;
  const { updateBase, ...pullRequest } = given.pullRequest ?? {};
  return {
    ...withoutUndefined({ setup, test, start, workspace, checkpoints, notes, engine, model, failover, baseline, approve, updateBase }),
    // The root by any of its names is no setting.
    ...withoutUndefined({ workingDirectory: workingDirectory || undefined, reviewCriteria: given.review?.criteria }),
    ...withoutUndefined({ setupCache: given.setupCache === false ? [] : given.setupCache, onReviewCrash: given.review?.onCrash }),
    ...(given.issue?.labels ? { issueLabels: withoutUndefined(given.issue.labels) } : {}),
    ...switched(given.phases ?? {}),
    byPhase: agentsByPhase(given.phases ?? {}),
    labels: Object.entries(given.labels ?? {})
      .map(([label, { phases = {}, ...choice }]) => ({ label, ...withoutUndefined(choice), ...switched(phases) }))
      .toSorted((one, other) => labelOrder.indexOf(one.label) - labelOrder.indexOf(other.label)),
    limits: limitsOf(given.limits ?? {}),
    pullRequest: withoutUndefined(pullRequest),
    protectedPaths: given.protected ?? [],
    ...withoutUndefined({ secretsAllowed: given.secrets?.allow }),
  };
}

type GivenPhases = NonNullable<GivenSettings['phases']>;

function switched(phases: Pick<GivenPhases, (typeof SWITCHABLE_PHASES)[number] | 'off'>): {
  phasesOff: PhaseName[];
  phasesOn: PhaseName[];
} {
  const phasesOff = SWITCHABLE_PHASES.filter((phase) => phases[phase] === false || phases.off?.includes(phase));
  return { phasesOff, phasesOn: SWITCHABLE_PHASES.filter((phase) => phases[phase] === true && !phasesOff.includes(phase)) };
}

function agentsByPhase(phases: GivenPhases): RepositorySettings['byPhase'] {
  const entries = PHASES.map((phase) => [phase, phases[phase]] as const);
  return Object.fromEntries(
    entries.flatMap(([phase, agent]) => (typeof agent === 'object' ? [[phase, withoutUndefined(agent)] as const] : [])),
  );
}

function limitsOf(given: NonNullable<GivenSettings['limits']>): RepositorySettings['limits'] {
  const { testAttempts, reviewAttempts, agentIdleMinutes, agentTotalMinutes, testTimeoutMinutes, setupTimeoutMinutes, workingHours } =
    given;
  return withoutUndefined({
    testAttempts,
    reviewAttempts,
    agentIdleMs: agentIdleMinutes,
    agentTotalMs: agentTotalMinutes,
    testTimeoutMs: testTimeoutMinutes,
    setupMs: setupTimeoutMinutes,
    workingMs: workingHours,
    budgetUsd: given.budgetUsd,
  });
}
