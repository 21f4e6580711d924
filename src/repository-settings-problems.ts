import { closest, distance } from 'fastest-levenshtein';
import { isMap, isNode, isScalar, visit } from 'yaml';
import type { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { BelayError } from './contracts/errors.ts';
import { knownKeys } from './repository-settings-schema.ts';

const MAX_TYPOS = 3;
const MAX_PROBLEMS = 20;

export interface Problem {
  /** Where the text goes wrong: how many characters before it. */
  offset: number;
  what: string;
}

interface Source {
  source: string;
  lineCounter: LineCounter;
}

/** The error that shows every problem at its line and column, in the order of the file. */
export function invalidSettings({ source, lineCounter }: Source, problems: readonly Problem[]): BelayError {
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

export function yamlProblems(document: ParsedDocument): Problem[] {
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

type Path = readonly PropertyKey[];

/** What the schema found wrong, where it stands in the file. */
export function shapeProblems(issue: z.core.$ZodIssue, document: ParsedDocument, outer: Path = []): Problem[] {
  const path = [...outer, ...issue.path];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey({ document, path, key }));
  const meant = issue.code === 'invalid_union' ? meantAlternative(issue) : undefined;
  if (meant) return meant.flatMap((inner) => shapeProblems(inner, document, path));
  if (issue.code === 'invalid_key') {
    const what = issue.issues.map(({ message }) => message).join(', ');
    return [{ offset: offsetOf(keyAt(document, path)), what: `${path.map(String).join('.')} ${what}` }];
  }
  return [{ offset: offsetOf(nodeAt(document, path)), what: `${path.map(String).join('.') || 'the file'} ${issue.message}` }];
}

/** Of several shapes the one that was begun: its own problems say more than that no shape fits. */
function meantAlternative({ errors }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | undefined {
  return errors.find((problems) => !problems.some(isOtherShape));
}

/** Another type or literal than the whole value or an item of a list has: a mapping with one wrong entry is a mapping all the same. */
function isOtherShape(issue: z.core.$ZodIssue): boolean {
  if (issue.code === 'invalid_union') return issue.path.length === 0 && meantAlternative(issue) === undefined;
  return ['invalid_type', 'invalid_value'].includes(issue.code) && issue.path.every((part) => typeof part === 'number');
}

const nodeAt = (document: ParsedDocument, path: Path): unknown =>
  path.length === 0 ? document.contents : (document.getIn(path, true) ?? keyAt(document, path));

function keyAt(document: ParsedDocument, path: Path): unknown {
  const map = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const key = String(path.at(-1));
  return isMap(map) ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key)?.key : undefined;
}

function unknownKey({ document, path, key }: { document: ParsedDocument; path: Path; key: string }): Problem {
  const known = knownKeys(path) ?? [];
  const nearest = closest(key, known);
  const advice = distance(key, nearest) <= MAX_TYPOS ? `did you mean ${nearest}?` : `known are ${known.join(', ')}`;
  const place = [...path, key];
  return { offset: offsetOf(keyAt(document, place)), what: `${place.map(String).join('.')} is not a setting: ${advice}` };
}

const offsetOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0);
