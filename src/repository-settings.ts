import { closest, distance } from 'fastest-levenshtein';
import { LineCounter, isMap, isNode, isScalar, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { SWITCHABLE_PHASES } from './config-variables.ts';
import { ENGINES } from './contracts/constants.ts';
import type { EngineName, PhaseName } from './contracts/constants.ts';
import { BelayError } from './contracts/errors.ts';
import type { RunLimits } from './contracts/run-input.ts';

/** What a repository says about itself in `.belay.yml` on its base branch. */
export interface RepositorySettings {
  /** Shell commands that prepare the workspace. Unset: detected. Empty: none. */
  setup?: string[];
  /** Shell commands that check the repository. Unset: detected. Empty: none. */
  test?: string[];
  phasesOff: PhaseName[];
  /** Switched on although the installation has them off. */
  phasesOn: PhaseName[];
  limits: Partial<Omit<RunLimits, 'workingMs'>> & { budgetUsd?: number };
  engine?: EngineName;
  model?: string;
}

/** More is no settings file: it is turned down before it is parsed. */
const MAX_LENGTH = 64 * 1024;
const MAX_TYPOS = 3;
const MAX_PROBLEMS = 20;

const command = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .regex(/^[^\0]*$/, 'must not hold a NUL character');
const commands = z
  .union([command, z.array(command)], { error: 'must be a shell command, or a list of them' })
  .transform((given) => [given].flat());
const attempts = z.int('must be a whole number from 1 to 20').min(1, 'must be at least 1').max(20, 'must be at most 20');
const minutes = z
  .number('must be a number of minutes')
  .positive('must be more than 0')
  .max(24 * 60, 'must be at most 1440')
  .transform((value) => Math.max(1, Math.round(value * 60_000)));
const switchable = z.enum(SWITCHABLE_PHASES, { error: `must be one of ${SWITCHABLE_PHASES.join(', ')}` });
const onOrOff = z.boolean('must be true or false').optional();

const limits = z.strictObject(
  {
    testAttempts: attempts.optional(),
    reviewAttempts: attempts.optional(),
    agentIdleMinutes: minutes.optional(),
    agentTotalMinutes: minutes.optional(),
    testTimeoutMinutes: minutes.optional(),
    budgetUsd: z.number('must be a number').positive('must be more than 0').optional(),
  },
  'must be a mapping (`key: value` lines)',
);

const phases = z.strictObject(
  { test: onOrOff, review: onOrOff, document: onOrOff, off: z.array(switchable, 'must be a list').optional() },
  'must be a mapping (`key: value` lines)',
);

const settings = z.strictObject(
  {
    setup: commands.optional(),
    test: commands.optional(),
    phases: phases.optional(),
    limits: limits.optional(),
    engine: z.enum(ENGINES, { error: `must be one of ${ENGINES.join(', ')}` }).optional(),
    model: z.string('must be a text').trim().min(1, 'must not be empty').optional(),
  },
  'must be a mapping (`key: value` lines)',
);

const KNOWN_KEYS: Record<string, readonly string[]> = {
  '': Object.keys(settings.shape),
  phases: Object.keys(phases.shape),
  limits: Object.keys(limits.shape),
};

/** Reads `.belay.yml`. Throws `BelayError` settings_invalid with every problem, each with line and column in `source`. */
export function parseRepositorySettings(text: string, { source }: { source: string }): RepositorySettings {
  const lineCounter = new LineCounter();
  const fail = (problems: readonly Problem[]): BelayError => invalid({ source, lineCounter }, problems);
  if (text.length > MAX_LENGTH) throw fail([{ offset: 0, what: `it is longer than ${MAX_LENGTH / 1024} KB` }]);
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const malformed = yamlProblems(document);
  if (malformed.length > 0) throw fail(malformed);
  const parsed = settings.safeParse(document.toJS({ maxAliasCount: 0 }) ?? {});
  if (!parsed.success) throw fail(parsed.error.issues.flatMap((issue) => issueProblems(issue, document)));
  return settingsOf(parsed.data);
}

function settingsOf({
  setup,
  test,
  phases: switched = {},
  limits: given = {},
  engine,
  model,
}: z.output<typeof settings>): RepositorySettings {
  const phasesOff = SWITCHABLE_PHASES.filter((phase) => switched[phase] === false || switched.off?.includes(phase));
  return {
    ...(setup ? { setup } : {}),
    ...(test ? { test } : {}),
    phasesOff,
    phasesOn: SWITCHABLE_PHASES.filter((phase) => switched[phase] === true && !phasesOff.includes(phase)),
    limits: limitsOf(given),
    ...(engine ? { engine } : {}),
    ...(model ? { model } : {}),
  };
}

function limitsOf(given: z.output<typeof limits>): RepositorySettings['limits'] {
  const { testAttempts, reviewAttempts, agentIdleMinutes, agentTotalMinutes, testTimeoutMinutes, budgetUsd } = given;
  const all = {
    testAttempts,
    reviewAttempts,
    agentIdleMs: agentIdleMinutes,
    agentTotalMs: agentTotalMinutes,
    testTimeoutMs: testTimeoutMinutes,
    budgetUsd,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

interface Problem {
  /** Where the text goes wrong: how many characters before it. */
  offset: number;
  what: string;
}

interface Source {
  source: string;
  lineCounter: LineCounter;
}

function invalid({ source, lineCounter }: Source, problems: readonly Problem[]): BelayError {
  const inOrder = problems.toSorted((one, other) => one.offset - other.offset);
  const lines = inOrder.slice(0, MAX_PROBLEMS).map(({ offset, what }) => {
    const { line, col } = lineCounter.linePos(offset);
    // Without any line end before it, the counter knows no lines.
    return `  ${source}:${line || 1}:${line ? col : offset + 1}: ${what}`;
  });
  if (problems.length > MAX_PROBLEMS) lines.push(`  and ${problems.length - MAX_PROBLEMS} more`);
  return new BelayError({
    code: 'settings_invalid',
    message: `${source} has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${lines.join('\n')}`,
    hint: 'Correct the file on the base branch; docs/settings.md shows what it may say.',
  });
}

type ParsedDocument = ReturnType<typeof parseDocument>;

function yamlProblems(document: ParsedDocument): Problem[] {
  // The parser reports every level that it gave up.
  if (document.errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) return [{ offset: 0, what: 'it is nested too deeply' }];
  if (document.errors.length > 0) return document.errors.map(({ pos, message }) => ({ offset: pos[0], what: message }));
  const problems: Problem[] = [];
  visit(document, {
    Alias(_key, alias) {
      problems.push({ offset: alias.range?.[0] ?? 0, what: `*${alias.source}: aliases are not allowed, write the value out` });
    },
  });
  return problems;
}

function issueProblems(issue: z.core.$ZodIssue, document: ParsedDocument): Problem[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey({ document, path, key }));
  const node = path.length === 0 ? document.contents : document.getIn(issue.path, true);
  return [{ offset: offsetOf(node), what: `${path.join('.') || 'the file'} ${issue.message}` }];
}

function unknownKey({ document, path, key }: { document: ParsedDocument; path: string[]; key: string }): Problem {
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key) : undefined;
  const known = KNOWN_KEYS[path.join('.')] ?? [];
  const nearest = closest(key, known);
  const advice = distance(key, nearest) <= MAX_TYPOS ? `did you mean ${nearest}?` : `known are ${known.join(', ')}`;
  return { offset: offsetOf(pair?.key), what: `${[...path, key].join('.')} is not a setting: ${advice}` };
}

const offsetOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0);
