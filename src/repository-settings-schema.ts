import { z } from 'zod';
import { SWITCHABLE_PHASES } from './config-variables.ts';
import { APPROVALS, CHECKPOINT_PLACES, ENGINES, PIPELINES, PRIORITIES } from './contracts/constants.ts';

/** The shape of `.belay.yml`: what is parsed, what errors advise, and what editors complete by (docs/belay.schema.json). */

const MAPPING = 'must be a mapping (`key: value` lines)';
const MAX_LABELS = 100;

const text = z.string('must be a text').trim().min(1, 'must not be empty').max(500, 'must have at most 500 characters');
const command = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .regex(/^[^\0]*$/, 'must not hold a NUL character');
const commands = z
  .union([command, z.array(command)], { error: 'must be a shell command, or a list of them' })
  .transform((given) => [given].flat());
const onOrOff = z.boolean('must be true or false');
const attempts = z.int('must be a whole number from 1 to 20').min(1, 'must be at least 1').max(20, 'must be at most 20');
const minutes = z
  .number('must be a number of minutes')
  .positive('must be more than 0')
  .max(24 * 60, 'must be at most 1440')
  .transform((value) => Math.max(1, Math.round(value * 60_000)));
const hours = z
  .number('must be a number of hours')
  .positive('must be more than 0')
  .max(7 * 24, 'must be at most 168')
  .transform((value) => Math.max(1, Math.round(value * 3_600_000)));
const usd = z.number('must be a number').positive('must be more than 0');

const priority = z.literal(PRIORITIES, { error: 'must be a whole number from 1 (first) to 5' });

const words = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });
const engine = words(ENGINES);
const switchable = words(SWITCHABLE_PHASES);

/** Inside the repository by its text; links are followed where the path is used. */
const insidePath = z
  .string('must be a path')
  .trim()
  .min(1, 'must not be empty')
  .max(500, 'must have at most 500 characters')
  .refine((path) => !/[\0\\]/.test(path), 'must be written with `/`')
  .refine((path) => !path.startsWith('/') && !/^[A-Za-z]:/.test(path), 'must be relative to the root of the repository')
  .refine((path) => !path.split('/').includes('..'), 'must not leave the repository')
  .transform((path) =>
    path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/'),
  );
const foldersBelow = z
  .union([insidePath, z.array(insidePath)], { error: 'must be a path, or a list of them' })
  .transform((given) => [given].flat())
  .refine((given) => !given.includes(''), 'must be folders below the working directory');
const patterns = z.union([text, z.array(text)], { error: 'must be a pattern, or a list of them' }).transform((given) => [given].flat());
const names = z.array(text, 'must be a list');

const agent = z.strictObject(
  {
    engine: engine.optional().describe('The agent that works in this phase.'),
    model: text.optional().describe('Its model.'),
  },
  MAPPING,
);
const switchableAgent = z.union([onOrOff, agent], { error: 'must be true, false, or a mapping with engine and model' });
const fixedAgent = agent.optional().describe('Engine and model of this phase. It cannot be switched off.');
const switchableDescription =
  'False: the phase is skipped. True: it is not, although the installation skips it. Or engine and model of it.';

const phases = z.strictObject(
  {
    classify: fixedAgent,
    plan: fixedAgent,
    implement: fixedAgent,
    test: switchableAgent.optional().describe(switchableDescription),
    review: switchableAgent.optional().describe(switchableDescription),
    document: switchableAgent.optional().describe(switchableDescription),
    publish: fixedAgent,
    off: z.array(switchable, 'must be a list').optional().describe('Phases that are skipped.'),
  },
  MAPPING,
);

const limits = z.strictObject(
  {
    testAttempts: attempts.optional().describe('How often the tests are run, with fixes in between, before the run parks.'),
    reviewAttempts: attempts.optional().describe('How often the work is reviewed, with blockers mended in between, before the run parks.'),
    agentIdleMinutes: minutes.optional().describe('An agent that says nothing for so long is ended.'),
    agentTotalMinutes: minutes.optional().describe('The longest that one call of an agent may take.'),
    testTimeoutMinutes: minutes.optional().describe('The longest that one go of the tests may take.'),
    setupTimeoutMinutes: minutes.optional().describe('The longest that one setup command may take.'),
    workingHours: hours.optional().describe('The longest that a run may work; waits do not count.'),
    budgetUsd: usd.optional().describe('What the agents of one run may cost.'),
  },
  MAPPING,
);

const start = z
  .union(
    [
      command,
      z.strictObject(
        {
          command: command.describe('A shell command.'),
          ports: z
            .record(
              z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable'),
              words(['backend', 'frontend']),
              MAPPING,
            )
            .optional()
            .describe("Environment variables that the app takes its ports from, and which of the workspace's ports they get."),
        },
        MAPPING,
      ),
    ],
    { error: 'must be a shell command, or a mapping with command and ports' },
  )
  .transform((given) => (typeof given === 'string' ? { command: given, ports: {} } : { command: given.command, ports: given.ports ?? {} }));

const review = z.strictObject(
  {
    criteria: insidePath.optional().describe('A file of the repository that says what reviews look for.'),
    onCrash: words(['draft', 'park']).optional().describe('What becomes of finished work whose reviewer crashed twice.'),
  },
  MAPPING,
);

const pullRequest = z.strictObject(
  {
    draft: words(['never', 'while_unfinished', 'always']).optional().describe('When the pull request is a draft.'),
    reviewers: names.optional().describe('People who are asked for a review; teams as `team/<name>`.'),
    labels: names.optional().describe('Labels that the pull request gets.'),
    onCancel: words(['leave', 'close']).optional().describe('What becomes of the draft of a run that is cancelled. Unset: it is left.'),
    updateBase: words(['rebase', 'merge', 'off']).optional().describe('What is done when the base has moved since the run began.'),
  },
  MAPPING,
);

const secrets = z.strictObject(
  { allow: patterns.optional().describe('Patterns of paths whose files may hold what looks like a secret, such as keys of tests.') },
  MAPPING,
);

/** The longest that GitHub takes. */
const MAX_LABEL = 50;
const label = text.max(MAX_LABEL, `must have at most ${MAX_LABEL} characters`);

const issue = z.strictObject(
  {
    labels: z
      .strictObject(
        {
          running: label.optional().describe('While a run works on it, or waits.'),
          parked: label.optional().describe('While its run waits for a person.'),
          completed: label.optional().describe('Once its run has come to a good end.'),
        },
        MAPPING,
      )
      .optional()
      .describe('Labels that show on the issue how its run stands; one at a time. Unset: none.'),
  },
  MAPPING,
);

const labelChoice = z.strictObject(
  {
    pipeline: words(PIPELINES).optional().describe('The pipeline that runs.'),
    engine: engine.optional().describe('The agent that works.'),
    model: text.optional().describe('Its model.'),
    budgetUsd: usd.optional().describe('What the agents of the run may cost.'),
    priority: priority.optional().describe('Whether it goes before others when workspaces are short: 1 (first) to 5; usually 3.'),
    phases: z
      .strictObject({ test: onOrOff.optional(), review: onOrOff.optional(), document: onOrOff.optional() }, MAPPING)
      .optional()
      .describe('Phases that are skipped (false), or had although they are switched off elsewhere (true).'),
  },
  MAPPING,
);

export const repositorySettingsSchema = z
  .strictObject(
    {
      setup: commands.optional().describe('Prepares a new workspace. Unset: detected. An empty list: nothing.'),
      test: commands.optional().describe('Checks the work, in this order. Unset: detected. An empty list: nothing.'),
      start: start.optional().describe('How the app is started, for agents that want to see it run.'),
      workingDirectory: insidePath
        .optional()
        .describe('The folder in which setup, tests and agents work, from the root of the repository.'),
      workspace: words(['worktree', 'clone']).optional().describe('What a run works in.'),
      checkpoints: words(CHECKPOINT_PLACES)
        .optional()
        .describe('Whether other hosts can take a run over from what it pushes to `refs/belay/`.'),
      setupCache: z
        .union([z.literal(false), foldersBelow], { error: 'must be false, a path, or a list of paths' })
        .optional()
        .describe('Ignored folders that setup makes and that runs share. Unset: node_modules, where a lock file pins it. False: none.'),
      engine: engine.optional().describe('The agent that works.'),
      model: text.optional().describe('Its model.'),
      failover: z
        .array(engine, 'must be a list of engines')
        .optional()
        .describe('Engines that go on, in this order, where the chosen one has reached a usage limit or does not answer. Empty: none.'),
      phases: phases.optional().describe('Phases switched off, and the agents of single phases.'),
      labels: z
        .record(text, labelChoice, MAPPING)
        .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `must have at most ${MAX_LABELS} labels`)
        .optional()
        .describe('What labels of an issue choose. The first in this file wins over later ones.'),
      limits: limits.optional().describe('How far a run may go.'),
      baseline: words(['known', 'strict'])
        .optional()
        .describe('Whether tests that already fail on the base are let pass (known) or block (strict).'),
      approve: z
        .union([words(APPROVALS), z.array(words(APPROVALS))], { error: `must be one of ${APPROVALS.join(', ')}, or a list of them` })
        .transform((given) => [given].flat())
        .optional()
        .describe("What waits for a person's word: the plan before it is carried out, the finished work before it is published."),
      review: review.optional().describe('How work is reviewed.'),
      issue: issue.optional().describe('What the issue shows of its run.'),
      pullRequest: pullRequest.optional().describe('How the pull request is made.'),
      protected: patterns.optional().describe('Patterns of paths that no run may change, such as `.github/**`.'),
      secrets: secrets.optional().describe('What may be committed although it looks like a secret.'),
      notes: onOrOff.optional().describe('Whether what agents learn about the codebase is kept for later runs.'),
    },
    MAPPING,
  )
  .describe('Settings of Belay for this repository.');

export type GivenSettings = z.output<typeof repositorySettingsSchema>;

/** The schema for editors, of the draft that they know best. */
export function repositorySettingsJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(repositorySettingsSchema, { io: 'input', target: 'draft-7' });
  return { $schema, title: '.belay.yml', ...schema };
}

/** The keys that may stand at this place of the file; undefined where any may. */
export function knownKeys(path: readonly PropertyKey[]): string[] | undefined {
  let schemas: z.core.$ZodType[] = [repositorySettingsSchema];
  for (const key of path) schemas = schemas.flatMap(alternatives).flatMap((schema) => inside(schema, String(key)));
  const objects = schemas.flatMap(alternatives).filter((schema) => schema instanceof z.ZodObject);
  return objects.length === 0 ? undefined : objects.flatMap((schema) => Object.keys(schema.shape));
}

function alternatives(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional) return alternatives(schema.unwrap());
  if (schema instanceof z.ZodPipe) return alternatives(schema.in);
  return schema instanceof z.ZodUnion ? schema.options.flatMap(alternatives) : [schema];
}

function inside(schema: z.core.$ZodType, key: string): z.core.$ZodType[] {
  if (schema instanceof z.ZodRecord) return [schema.valueType];
  const found = schema instanceof z.ZodObject && Object.hasOwn(schema.shape, key) ? schema.shape[key] : undefined;
  return found ? [found] : [];
}
