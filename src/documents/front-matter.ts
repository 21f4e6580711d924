import { LineCounter, parseDocument, stringify } from 'yaml';
import type { z } from 'zod';
import { BelayError } from '../contracts/errors.ts';
import type { ErrorCode } from '../contracts/errors.ts';

/** Which text is read, for the errors about it. */
export interface TextSource {
  /** A path, or another name that people recognise. */
  name: string;
  code: ErrorCode;
  hint?: string;
}

export interface SplitText {
  /** The YAML between the two `---` lines, if the text begins with it. */
  frontMatter?: string;
  body: string;
}

const FRONT_MATTER = /^---[ \t]*\n(?<yaml>(?:.*\n)*?)---[ \t]*(?:\n|$)/;

/** Splits a Markdown text into front matter and body. Line ends become `\n`; a text without front matter is all body. */
export function splitFrontMatter(text: string): SplitText {
  const unified = text.replace(/^\ufeff/, '').replaceAll(/\r\n?/g, '\n');
  const found = FRONT_MATTER.exec(unified);
  if (!found) return { body: trimBody(unified) };
  return { frontMatter: found.groups?.['yaml'] ?? '', body: trimBody(unified.slice(found[0].length)) };
}

/** A body as it is kept: no empty lines around it. */
export function trimBody(body: string): string {
  return body.replace(/^(?:[ \t]*\n)+/, '').trimEnd();
}

/** Front matter and body as one text, which `splitFrontMatter` takes apart again. */
export function joinFrontMatter(data: Record<string, unknown>, body: string): string {
  const trimmed = trimBody(body);
  return `---\n${formatYaml(data)}---\n${trimmed === '' ? '' : `\n${trimmed}\n`}`;
}

/** One value per line, never folded, so that files stay easy to edit and to compare. */
export function formatYaml(data: Record<string, unknown>): string {
  return stringify(data, { lineWidth: 0 });
}

/** Reads YAML as plain data. Throws an error with every problem and its line in the file. */
export function parseYaml(yaml: string, source: TextSource, linesBefore = 0): unknown {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => `line ${lines.linePos(error.pos[0]).line + linesBefore}: ${error.message}`);
    throw invalidText(source, problems, document.errors[0]);
  }
  try {
    // No aliases: a few lines of them can stand for gigabytes.
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw invalidText(source, [error instanceof Error ? error.message : String(error)], error);
  }
}

/** Data that fits the schema. Throws an error with every problem, each by its key. */
export function checkShape<Schema extends z.ZodType>(data: unknown, schema: Schema, source: TextSource): z.output<Schema> {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join('.') || 'the front matter'}: ${issue.message}`);
  throw invalidText(source, problems, result.error);
}

/** The checked front matter and the body of a text that must have one. */
export function parseFrontMatter<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  source: TextSource,
): { data: z.output<Schema>; body: string } {
  const { frontMatter, body } = splitFrontMatter(text);
  if (frontMatter === undefined) throw invalidText(source, ['it does not begin with front matter (YAML between two lines of ---)']);
  return { data: checkShape(parseYaml(frontMatter, source, 1), schema, source), body };
}

function invalidText({ name, code, hint }: TextSource, problems: string[], cause?: unknown): BelayError {
  return new BelayError({
    code,
    message: `${name} cannot be used: ${problems.join('; ')}.`,
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}
