import { z } from 'zod';
import { apiVariables } from './config-api-variables.ts';
import { ENGINES, NOTICES } from './contracts/constants.ts';
import type { PhaseName } from './contracts/constants.ts';
import {
  days,
  gitUrlTemplate,
  hostAndPort,
  hours,
  httpUrl,
  integer,
  listOf,
  manyDays,
  minutes,
  oneOf,
  path,
  secretWord,
  text,
  usd,
} from './config-values.ts';
import { triggerVariables } from './config-trigger-variables.ts';
import { workspaceVariables } from './config-workspace-variables.ts';
import { artifactVariables } from './config-artifacts.ts';
import { workerVariables } from './config-worker-variables.ts';
import { databaseVariables } from './config-database.ts';
import { optional, variableDocs, withDefault } from './config-variable.ts';
import type { VariableDoc } from './config-variable.ts';
import { sizeOf } from './contracts/port-range.ts';
import type { PortRange } from './contracts/port-range.ts';
import { GITHUB_API_URL } from './github/address.ts';
import { DEFAULT_HOME } from './home.ts';

/** Phases that a pipeline can do without. */
export const SWITCHABLE_PHASES = ['test', 'review', 'document'] as const satisfies readonly PhaseName[];
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

const variables = z.object({
  BELAY_HOME: withDefault(path, DEFAULT_HOME, {
    group: 'Where things are',
    description: 'The folder of everything that Belay keeps: ledger, embedded Temporal, mirrors, worktrees, what runs left.',
  }),
  ...databaseVariables,
  ...artifactVariables,

  BELAY_TEMPORAL_ADDRESS: optional(hostAndPort, {
    group: 'Temporal',
    description:
      'A Temporal server to use instead of the embedded one. Wins over TEMPORAL_ADDRESS. Without both, a running `belay dev` is used, or a server is started.',
    example: '127.0.0.1:7233',
  }),
  TEMPORAL_ADDRESS: optional(hostAndPort, {
    group: 'Temporal',
    description: "The same, by Temporal's own name; TLS and profiles are read from Temporal's own variables and file too.",
    example: '127.0.0.1:7233',
  }),
  TEMPORAL_NAMESPACE: optional(secretWord, {
    group: 'Temporal',
    description: 'The namespace on that server; `default` where nothing else says so.',
    example: 'default',
  }),
  TEMPORAL_API_KEY: optional(secretWord, {
    group: 'Temporal',
    description: 'API key of that server, as for Temporal Cloud.',
    secret: true,
  }),
  BELAY_TEMPORAL_CLI: optional(path, {
    group: 'Temporal',
    description: 'A `temporal` program for the embedded server, instead of the one on the PATH or the one that Belay fetches.',
    example: '/usr/local/bin/temporal',
  }),

  BELAY_DEPLOYMENT: optional(secretWord, {
    group: 'Temporal',
    description: 'The worker deployment in Temporal that this worker is a version of. Unset: decisions go to whichever worker is there.',
    example: 'belay',
  }),
  BELAY_BUILD_ID: optional(secretWord, {
    group: 'Temporal',
    description: "What this worker's version is called in Temporal; otherwise Belay's version and a hash of its pipelines.",
    example: '2026-11-29.1',
  }),

  ...workerVariables,

  GITHUB_TOKEN: optional(secretWord, {
    group: 'GitHub',
    description: 'The token for issues, pull requests and git. Without it, the login of `gh` is used, where that is installed.',
    secret: true,
  }),
  GH_TOKEN: optional(secretWord, {
    group: 'GitHub',
    description: 'The same, by the name that `gh` knows. GITHUB_TOKEN wins.',
    secret: true,
  }),
  BELAY_GITHUB_API_URL: withDefault(httpUrl, GITHUB_API_URL, {
    group: 'GitHub',
    description: 'The REST API of an Enterprise server, such as `https://github.example.com/api/v3`.',
  }),
  BELAY_GITHUB_CALLS_PER_MINUTE: withDefault(integer({ min: 5, max: 10_000 }), '60', {
    group: 'GitHub',
    description: "How many calls all workers together may make to GitHub's API in a minute; git itself does not count.",
  }),
  BELAY_GITHUB_GIT_URL: optional(gitUrlTemplate, {
    group: 'GitHub',
    description: 'Where git is, if that is not the server of the API.',
    example: 'https://github.com/{owner}/{repo}.git',
  }),

  BELAY_ENGINE: withDefault(oneOf(ENGINES), 'claude', {
    group: 'Agents',
    description: 'The agent that works where nothing else is asked for.',
  }),
  BELAY_MODEL: optional(text, { group: 'Agents', description: "The agent's model; its own default otherwise.", example: 'sonnet' }),
  BELAY_FAILOVER: optional(listOf(ENGINES), {
    group: 'Agents',
    description: 'Engines that go on, in this order, where the chosen one has reached a usage limit or does not answer.',
    example: 'claude',
  }),
  BELAY_SCRIPT: optional(path, {
    group: 'Agents',
    description: "The scripted engine's file: what it answers and writes, turn by turn.",
    example: 'samples/shop.script.yml',
  }),
  BELAY_CLAUDE_PATH: optional(path, {
    group: 'Agents',
    description: 'The `claude` program, where it is not on the PATH.',
    example: '/opt/claude/bin/claude',
  }),
  ANTHROPIC_API_KEY: optional(secretWord, {
    group: 'Agents',
    description: 'API key for `claude`. Without it, the login of the CLI itself is used.',
    secret: true,
  }),
  CLAUDE_CODE_OAUTH_TOKEN: optional(secretWord, {
    group: 'Agents',
    description: 'Token of a subscription, made by `claude setup-token`.',
    secret: true,
  }),
  ANTHROPIC_BASE_URL: optional(httpUrl, {
    group: 'Agents',
    description: 'Another address for the model: a gateway, or a test server.',
    example: 'https://gateway.example.com',
  }),
  BELAY_AGENT_CALLS_PER_MINUTE: optional(integer({ min: 1, max: 10_000 }), {
    group: 'Agents',
    description:
      'How many calls of agents all workers together may begin in a minute, for accounts that are limited so. A call is one turn: the agent asks its model as often as it needs. Unset: no limit.',
    example: '20',
  }),
  BELAY_AGENT_IDLE_MINUTES: withDefault(minutes, '15', {
    group: 'Agents',
    description: 'An agent that says nothing for so long is ended, with all its processes.',
  }),
  BELAY_AGENT_TOTAL_MINUTES: withDefault(minutes, '60', {
    group: 'Agents',
    description: 'The longest that one call of an agent may take.',
  }),

  BELAY_TEST_ATTEMPTS: withDefault(integer({ min: 1, max: 20 }), '4', {
    group: 'How far a run may go',
    description: 'How often the tests are run, with fixes in between, before the run parks.',
  }),
  BELAY_REVIEW_ATTEMPTS: withDefault(integer({ min: 1, max: 20 }), '3', {
    group: 'How far a run may go',
    description: 'How often the work is reviewed, with blockers patched in between, before the run parks.',
  }),
  BELAY_TEST_TIMEOUT_MINUTES: withDefault(minutes, '30', {
    group: 'How far a run may go',
    description: "The longest that one go of the repository's tests may take.",
  }),
  BELAY_PHASES_OFF: optional(listOf(SWITCHABLE_PHASES), {
    group: 'How far a run may go',
    description: 'Phases that runs skip.',
    example: 'review,document',
  }),
  BELAY_RETRIES: withDefault(integer({ min: 0, max: 20 }), '3', {
    group: 'How far a run may go',
    description: "How often what failed for a passing reason is tried again by itself; an agent's turn, which costs money, at most twice.",
  }),
  BELAY_RETRY_BASE_MS: withDefault(integer({ min: 1, max: 60_000 }), '1000', {
    group: 'How far a run may go',
    description:
      'The pause before the first of these tries, in milliseconds; each next one is twice as long, a quarter more or less by chance.',
  }),
  BELAY_RETRY_CAP_MS: withDefault(integer({ min: 1, max: 3_600_000 }), '60000', {
    group: 'How far a run may go',
    description: 'The longest of these pauses, in milliseconds.',
  }),
  BELAY_PARKED_DAYS: withDefault(days, '14', {
    group: 'How far a run may go',
    description: 'How long a parked run waits for a person before it is closed as failed. It can be retried then too.',
  }),
  BELAY_BUDGET_USD: withDefault(usd, '10', { group: 'How far a run may go', description: 'What the agents of one run may cost.' }),

  BELAY_APPROVAL_REMINDER_HOURS: withDefault(hours, '24', {
    group: 'People',
    description: 'After so long people are told again that a run waits for their approval.',
  }),
  BELAY_APPROVAL_DAYS: withDefault(days, '7', { group: 'People', description: 'After so long without an approval a run parks.' }),
  BELAY_NOTIFY_URL: optional(httpUrl, {
    group: 'People',
    description: 'Where what becomes of runs is posted, as JSON with a `text` that chat services show; see docs/notifications.md.',
    example: 'https://hooks.example.com/services/belay',
    secret: true,
  }),
  BELAY_NOTIFY_EVENTS: withDefault(listOf(NOTICES), 'run.waiting,run.parked', {
    group: 'People',
    description: 'What is posted there. Unless said, only that a run needs a person.',
  }),
  BELAY_NOTIFY_SECRET: optional(secretWord, {
    group: 'People',
    description: 'What these messages are signed with, for the receiver to know them by.',
    secret: true,
  }),

  ...workspaceVariables,
  ...apiVariables,

  ...triggerVariables,

  BELAY_SECRET_DAYS: withDefault(manyDays, '90', {
    group: 'Secrets',
    description: 'After so long without a change `belay doctor` warns of a secret in a file, and of a token of the API that is not used.',
  }),

  BELAY_LOG_LEVEL: withDefault(oneOf(LOG_LEVELS), 'info', {
    group: 'Logs',
    description: 'The least important kind of line that is logged.',
  }),
});

export type VariableName = keyof typeof variables.shape;
export const VARIABLE_NAMES = Object.keys(variables.shape) as VariableName[];

/** No settings: what agents and tests are told of their run, those of Belay itself among them. */
export const TOLD_TO_AGENTS: readonly string[] = ['BELAY_RUN_ID', 'BELAY_PHASE', 'BELAY_STEP'];

/** What is known of a variable. */
export function variableDoc(name: VariableName): VariableDoc {
  const doc = variableDocs.get(variables.shape[name]);
  if (!doc) throw new Error(`${name} is not described`);
  return doc;
}

/** What a text is as the value of a variable that holds a text; undefined where it is not allowed. */
export function usableValue(name: VariableName, text: string): string | undefined {
  const result = variables.shape[name].safeParse(text);
  return result.success && typeof result.data === 'string' ? result.data : undefined;
}

type Values = z.output<typeof variables>;

/** The environment, checked. The checks between variables run for those that are right in themselves, whatever else is wrong. */
export const environment = variables
  .refine((values) => enoughPorts(values, values.BELAY_PORTS_BACKEND), {
    ...between('BELAY_PORTS_BACKEND', ['BELAY_MAX_WORKSPACES']),
    error: 'must have at least as many ports as BELAY_MAX_WORKSPACES allows workspaces',
  })
  .refine((values) => enoughPorts(values, values.BELAY_PORTS_FRONTEND), {
    ...between('BELAY_PORTS_FRONTEND', ['BELAY_MAX_WORKSPACES']),
    error: 'must have at least as many ports as BELAY_MAX_WORKSPACES allows workspaces',
  })
  .refine((values) => hasKey(values), {
    ...between('GITHUB_APP_ID', ['GITHUB_APP_PRIVATE_KEY']),
    error: 'goes with GITHUB_APP_PRIVATE_KEY, or its file',
  })
  .refine((values) => isWholeOrUnset([values.BELAY_JWT_ISSUER, values.BELAY_JWT_AUDIENCE, values.BELAY_JWT_JWKS_URL]), {
    ...between('BELAY_JWT_ISSUER', []),
    // Nothing of them is read further than as the text that it is.
    when: () => true,
    error: 'goes with BELAY_JWT_AUDIENCE and BELAY_JWT_JWKS_URL: all three, or none',
  })
  .refine((values) => !overlap(values.BELAY_PORTS_BACKEND, values.BELAY_PORTS_FRONTEND), {
    ...between('BELAY_PORTS_FRONTEND', ['BELAY_PORTS_BACKEND']),
    error: 'must not overlap BELAY_PORTS_BACKEND',
  });

export type Environment = z.output<typeof environment>;

const enoughPorts = ({ BELAY_MAX_WORKSPACES: workspaces }: Values, range: PortRange): boolean => sizeOf(range) >= workspaces;
const hasKey = (values: Values): boolean => values.GITHUB_APP_ID === undefined || values.GITHUB_APP_PRIVATE_KEY !== undefined;
const isWholeOrUnset = (values: readonly unknown[]): boolean => new Set(values.map((value) => value === undefined)).size === 1;
const overlap = (one: PortRange, other: PortRange): boolean => one.first <= other.last && other.first <= one.last;

/** A check that is reported on one variable and looks at others too. `params` tells its message from those of single variables. */
function between(on: VariableName, others: readonly VariableName[]) {
  return {
    path: [on],
    params: { between: true },
    // What was wrong in itself is still the text that was given.
    when: ({ value }: { value: unknown }) => [on, ...others].every((name) => typeof (value as Record<string, unknown>)[name] !== 'string'),
  };
}
