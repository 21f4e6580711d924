import { readFileSync } from 'node:fs';
import { LineCounter, isMap, isNode, isScalar, parseDocument } from 'yaml';
import type { Document, Node } from 'yaml';
import { z } from 'zod';
import { ERRORS } from '../contracts/error-catalogue.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import { invalid } from './script-turns.ts';

const replacement = z.strictObject({ path: z.string().min(1), find: z.string().min(1), with: z.string() });
const errorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);
const failure = z.strictObject({
  code: errorCode,
  message: z.string().optional(),
  /** ISO-8601. */
  resetAt: z.iso.datetime({ offset: true }).optional(),
  /** The same from the moment it is played. */
  resetAfterMs: z.int().nonnegative().optional(),
});
const count = z.int().nonnegative();

const turn = z.strictObject({
  /** Lines to emit first. */
  emitLines: count.optional(),
  delayMs: count.optional(),
  /** Path to content. */
  write: z.record(z.string().min(1), z.string()).optional(),
  replace: z.preprocess((value) => (Array.isArray(value) || value === undefined ? value : [value]), z.array(replacement)).optional(),
  /** A shell command, in the workspace. */
  run: z.string().min(1).optional(),
  /** Never end; with `once` only the first time, so that the replay of a killed turn goes on. */
  hang: z.union([z.boolean(), z.literal('once')]).optional(),
  fail: z.preprocess((value) => (typeof value === 'string' ? { code: value } : value), failure).optional(),
  /** The answer in words, or as data. */
  say: z.string().optional(),
  json: z.unknown().optional(),
  usage: z
    .strictObject({
      inputTokens: count.default(0),
      outputTokens: count.default(0),
      cacheReadTokens: count.default(0),
      cacheWriteTokens: count.default(0),
      costUsd: z.number().nonnegative().default(0),
    })
    .optional(),
});
export type ScriptTurn = z.infer<typeof turn>;

const script = z.record(z.string(), z.array(turn).min(1));
export type Script = z.infer<typeof script>;

/** Reads the scripted engine's file: by command, the turns to play. Throws `BelayError` script_invalid with every problem and its line. */
export function loadScript(path: string): Script {
  const lines = new LineCounter();
  const document = parseDocument(textOf(path), { lineCounter: lines });
  const place = (offset: number): string => `${path}:${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    throw invalid(document.errors.map(({ message, pos }) => `${place(pos[0])}: ${message.split('\n', 1)[0]}`));
  }
  const checked = script.safeParse(document.toJS());
  if (checked.success) return checked.data;
  throw invalid(checked.error.issues.flatMap(placedIssues).map(({ at, text }) => `${place(offsetOf(document, at))}: ${text}`));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw invalid([`${path}: ${error instanceof Error ? error.message : String(error)}`], error);
  }
}

interface PlacedIssue {
  at: readonly PropertyKey[];
  text: string;
}

function placedIssues(issue: z.core.$ZodIssue): PlacedIssue[] {
  const where = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys') return [{ at: issue.path, text: where ? `${where}: ${issue.message}` : issue.message }];
  return issue.keys.map((key) => ({ at: [...issue.path, key], text: `${where}: \`${key}\` is not known` }));
}

/** Where a path of keys begins: the key where there is one, else the nearest node around it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    const key: unknown = isMap(parent) ? parent.items.find((item) => isScalar(item.key) && item.key.value === last)?.key : undefined;
    const node = key ?? document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  const root: Node | null = document.contents;
  return root?.range?.[0] ?? 0;
}
