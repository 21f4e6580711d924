import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import type { BreakerTiming } from './activities/breakers.ts';
import type { PortRange } from './contracts/port-range.ts';
import { gitHubAppConfig, triggerConfig } from './config-triggers.ts';
import type { GitHubAppConfig, TriggerConfig } from './config-triggers.ts';
import { artifactsPlace } from './config-artifacts.ts';
import type { ArtifactsPlace } from './config-artifacts.ts';
import { apiConfig } from './config-api.ts';
import type { ApiConfig } from './config-api.ts';
import { SECRET_NAMES, emptySecrets, openSecrets, secretFromFile, secretOfFile } from './config-secrets.ts';
import type { Secrets } from './config-secrets.ts';
import { TOLD_TO_AGENTS, VARIABLE_NAMES, environment, variableDoc } from './config-variables.ts';
import type { Environment, VariableName } from './config-variables.ts';
import { WAITS } from './contracts/constants.ts';
import type { CheckpointPlace, EngineName, NoticeName, PhaseName } from './contracts/constants.ts';
import { BelayError } from './contracts/errors.ts';
import type { RunLimits } from './contracts/run-input.ts';
import type { WorkerRole } from './contracts/worker-roles.ts';
import { withoutUndefined } from './contracts/without-undefined.ts';
import { gitUrlTemplate } from './github/address.ts';
import { absolutePath } from './home.ts';
import { ledgerPlaceOf } from './ledger-place.ts';
import type { LedgerPlace } from './ledger/open-ledger.ts';
import type { MemoryLimits } from './process/memory-watch.ts';

const MEBIBYTE = 1024 ** 2;
/** Working time of a run; waits do not count. */
const WORKING_MS = 6 * 60 * 60_000;
/** As the catalogue's classes have it: five failures in a row, a minute, two successes. */
const BREAKERS: BreakerTiming = { failures: 5, openMs: 60_000, successes: 2 };
/** More than a few slips of the finger make another word. */
const MAX_TYPOS = 3;

export interface Config {
  /** Absolute path of BELAY_HOME. */
  home: string;
  /** Where the ledger is. */
  database: LedgerPlace;
  /** Where hosts have the files of runs in common; unset: nowhere. */
  artifacts?: ArtifactsPlace;
  temporal: {
    /** Unset: a running `belay dev` is looked for, else one is started. */
    address?: string;
    namespace?: string;
    /** A `temporal` program. */
    cli?: string;
    /** The worker deployment that this worker is a version of. */
    deployment?: string;
    buildId?: string;
  };
  /** What `belay worker` does; `health`: the host:port where it answers for itself. */
  worker: { roles: WorkerRole[]; health?: string };
  github: {
    apiUrl: string;
    /** With `{owner}` and `{repo}`. */
    gitUrl: string;
    /** Instead of a token. */
    app?: GitHubAppConfig;
  };
  engine: { name: EngineName; model?: string; failover?: EngineName[]; script?: string; claudePath?: string; anthropicBaseUrl?: string };
  limits: RunLimits;
  breakers: BreakerTiming;
  phasesOff: PhaseName[];
  /** Unset: by the repository's forge. */
  checkpoints?: CheckpointPlace;
  budgetUsd: number;
  /** How long closed runs can be gone on from, how much mirrors and kept worktrees may take, and how long records are kept (unset: for ever). */
  upkeep: { keepMs: number; diskBytes: number; records: { logsMs?: number; artifactsMs?: number; auditMs?: number } };
  workspaces: { max: number; ports: { backend: PortRange; frontend: PortRange } };
  /** What the workspaces of this machine may take; `processors` of each, unset: all. */
  bounds: MemoryLimits & { processors?: number };
  /** How often all workers together may call in a minute; unset: as often as they like. */
  callsPerMinute: { github: number; agents?: number };
  triggers: TriggerConfig;
  /** What BELAY_NOTIFY_URL is told of runs. */
  notices: NoticeName[];
  api: ApiConfig;
  log: { level: Environment['BELAY_LOG_LEVEL'] };
  /** Never logged, never in a workflow; asked for where they are used. */
  secrets: Secrets;
  /** After so long a secret is old. */
  secretAgeMs: number;
  /** What looks like a mistake but stops nothing: unknown names, settings given twice. */
  warnings: string[];
}

/** Settings of this installation. Throws `BelayError` configuration_invalid with every problem at once. */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const given = givenVariables(env);
  const parsed = environment.safeParse(given);
  if (!parsed.success) throw invalid(parsed.error.issues, given);
  return configOf(parsed.data, {
    env,
    warnings: [...unknownVariables(env), ...doubledVariables(given), ...doubledSecrets(env), ...emptySecrets(given, env)],
  });
}

type Given = Partial<Record<VariableName, string>>;

/** Empty means unset: compose files and CI systems pass empty texts for what is not set. */
function givenVariables(env: NodeJS.ProcessEnv): Given {
  const entries = VARIABLE_NAMES.map((name) => [name, env[name]?.trim() || secretFromFile(name, env)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ''));
}

function configOf(values: Environment, { env, warnings }: { env: NodeJS.ProcessEnv; warnings: string[] }): Config {
  const secrets = openSecrets(values, env);
  const database = ledgerPlaceOf(env, secrets.BELAY_DATABASE_URL);
  const optionalPath = (path: string | undefined): string | undefined => (path === undefined ? undefined : absolutePath(path, env));
  return {
    home: absolutePath(values.BELAY_HOME, env),
    database,
    ...withoutUndefined({ artifacts: artifactsPlace(values, secrets) }),
    temporal: withoutUndefined({
      address: values.BELAY_TEMPORAL_ADDRESS ?? values.TEMPORAL_ADDRESS,
      namespace: values.TEMPORAL_NAMESPACE,
      cli: optionalPath(values.BELAY_TEMPORAL_CLI),
      deployment: values.BELAY_DEPLOYMENT,
      buildId: values.BELAY_BUILD_ID,
    }),
    worker: { roles: values.BELAY_WORKER_ROLES, ...withoutUndefined({ health: values.BELAY_WORKER_HEALTH }) },
    github: {
      apiUrl: values.BELAY_GITHUB_API_URL,
      gitUrl: values.BELAY_GITHUB_GIT_URL ?? gitUrlTemplate(values.BELAY_GITHUB_API_URL),
      ...withoutUndefined({ app: gitHubAppConfig(values, secrets) }),
    },
    engine: {
      name: values.BELAY_ENGINE,
      ...withoutUndefined({
        model: values.BELAY_MODEL,
        failover: values.BELAY_FAILOVER,
        script: optionalPath(values.BELAY_SCRIPT),
        claudePath: optionalPath(values.BELAY_CLAUDE_PATH),
        anthropicBaseUrl: values.ANTHROPIC_BASE_URL,
      }),
    },
    limits: limitsOf(values),
    breakers: BREAKERS,
    phasesOff: values.BELAY_PHASES_OFF ?? [],
    ...withoutUndefined({ checkpoints: values.BELAY_CHECKPOINTS }),
    budgetUsd: values.BELAY_BUDGET_USD,
    upkeep: upkeepOf(values),
    workspaces: {
      max: values.BELAY_MAX_WORKSPACES,
      ports: { backend: values.BELAY_PORTS_BACKEND, frontend: values.BELAY_PORTS_FRONTEND },
    },
    bounds: {
      hostShare: values.BELAY_MEMORY_PERCENT / 100,
      workspaceBytes: values.BELAY_WORKSPACE_MEMORY_MB * MEBIBYTE,
      ...withoutUndefined({ processors: values.BELAY_WORKSPACE_CPUS }),
    },
    callsPerMinute: { github: values.BELAY_GITHUB_CALLS_PER_MINUTE, ...withoutUndefined({ agents: values.BELAY_AGENT_CALLS_PER_MINUTE }) },
    triggers: triggerConfig(values, secrets),
    notices: values.BELAY_NOTIFY_EVENTS,
    api: apiConfig(values),
    log: { level: values.BELAY_LOG_LEVEL },
    secretAgeMs: values.BELAY_SECRET_DAYS,
    // A path is none.
    secrets: 'url' in database ? secrets : withoutDatabase(secrets),
    warnings,
  };
}

const withoutDatabase = ({ BELAY_DATABASE_URL: _path, ...secrets }: Secrets): Secrets => secrets;

function upkeepOf(values: Environment): Config['upkeep'] {
  const { BELAY_KEEP_LOGS_DAYS: logsMs, BELAY_KEEP_ARTIFACTS_DAYS: artifactsMs, BELAY_KEEP_AUDIT_DAYS: auditMs } = values;
  const records = withoutUndefined({ logsMs, artifactsMs, auditMs });
  return { keepMs: values.BELAY_KEEP_DAYS, diskBytes: values.BELAY_DISK_BUDGET_GB, records };
}

function limitsOf(values: Environment): RunLimits {
  return {
    testAttempts: values.BELAY_TEST_ATTEMPTS,
    reviewAttempts: values.BELAY_REVIEW_ATTEMPTS,
    agentIdleMs: values.BELAY_AGENT_IDLE_MINUTES,
    agentTotalMs: values.BELAY_AGENT_TOTAL_MINUTES,
    testTimeoutMs: values.BELAY_TEST_TIMEOUT_MINUTES,
    workingMs: WORKING_MS,
    approvalReminderMs: values.BELAY_APPROVAL_REMINDER_HOURS,
    approvalExpiryMs: values.BELAY_APPROVAL_DAYS,
    waits: WAITS,
    retries: values.BELAY_RETRIES,
    retryBaseMs: values.BELAY_RETRY_BASE_MS,
    retryCapMs: values.BELAY_RETRY_CAP_MS,
    parkedMs: values.BELAY_PARKED_DAYS,
    heartbeatMs: values.BELAY_HEARTBEAT_SECONDS,
  };
}

function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const isKnown = (name: string): boolean =>
    VARIABLE_NAMES.some((known) => known === name) || secretOfFile(name) !== undefined || TOLD_TO_AGENTS.includes(name);
  const unknown = Object.keys(env).filter((name) => name.startsWith('BELAY_') && !isKnown(name));
  return unknown.toSorted().map((name) => `${name} is not a setting of Belay and has no effect${suggestion(name)}`);
}

function suggestion(name: string): string {
  const nearest = closest(name, VARIABLE_NAMES);
  return distance(name, nearest) <= MAX_TYPOS ? `: did you mean ${nearest}?` : '.';
}

function doubledVariables({ BELAY_TEMPORAL_ADDRESS: own, TEMPORAL_ADDRESS: temporals }: Given): string[] {
  if (own === undefined || temporals === undefined || own === temporals) return [];
  return [`BELAY_TEMPORAL_ADDRESS (${own}) and TEMPORAL_ADDRESS (${temporals}) differ: BELAY_TEMPORAL_ADDRESS is used.`];
}

function doubledSecrets(env: NodeJS.ProcessEnv): string[] {
  const doubled = SECRET_NAMES.filter((name) => env[name]?.trim() && env[`${name}_FILE`]?.trim());
  return doubled.map((name) => `${name} and ${name}_FILE are both set: the file is not read.`);
}

type Issue = z.core.$ZodIssue;

function invalid(issues: readonly Issue[], given: Given): BelayError {
  const firstOfEach = [...Map.groupBy(issues, ({ path }) => path[0] as VariableName)].map(([name, [issue]]) => [name, issue] as const);
  const lines = firstOfEach.map(([name, issue]) => `  ${problem(name, issue, given[name])}`);
  return new BelayError({
    code: 'configuration_invalid',
    message: `The environment has ${lines.length === 1 ? 'a problem' : `${lines.length} problems`}:\n${lines.join('\n')}`,
    hint: 'Correct or unset them; .env.example and docs/settings.md explain every variable.',
  });
}

function problem(name: VariableName, issue: Issue | undefined, value: string | undefined): string {
  const { allowed, secret, default: fallback } = variableDoc(name);
  const given = value ?? fallback;
  const shown = secret ? 'is not usable' : given === undefined ? 'is not set' : `is '${given}'`;
  const isBetween = issue?.code === 'custom' && issue.params?.['between'] === true;
  return `${name} ${shown}: ${isBetween ? issue.message : `must be ${allowed}`}`;
}
