import { open, realpath, stat } from 'node:fs/promises';
import { BelayError } from '../contracts/errors.ts';
import { plainLine, plainText } from '../contracts/text.ts';
import { parseYaml, splitFrontMatter, trimBody } from '../documents/front-matter.ts';
import type { TextSource } from '../documents/front-matter.ts';

/** An agent reads the issue with every phase; GitHub's own limit is 64 KiB. */
export const MAX_ISSUE_BYTES = 256 * 1024;

/** What a person wrote about an issue, safe to show: data, with placeholders and shell characters as they are. */
export interface IssueText {
  title: string;
  body: string;
  labels: string[];
}

/** A Markdown file as an issue, with the real path that identifies it. Throws `BelayError` when it cannot be one. */
export async function readIssueFile(path: string): Promise<IssueText & { source: string }> {
  const source = await realPath(path);
  const text = decode(await readBounded(source, path), path);
  return { ...parseIssue(text, path), source };
}

/** Title from the front matter, the heading or the first line; labels from the front matter. */
function parseIssue(text: string, name: string): IssueText {
  const { frontMatter, body } = splitFrontMatter(plainText(text));
  const source: TextSource = { name, code: 'invalid_input', hint: 'Mend its front matter, or remove it: a title is enough.' };
  const data = frontMatter === undefined ? undefined : parseYaml(frontMatter, source, 1);
  // Two rules with a text in between look like front matter and are none.
  if (!isMapping(data)) return { ...titled(trimBody(plainText(text)), name), labels: [] };
  const title = plainLine(asText(data['title']));
  return { ...(title === '' ? titled(body, name) : { title, body }), labels: asLabels(data['labels']) };
}

/** A title and body from elsewhere, under the same rules. */
export function checkIssueText({ title, body, labels }: IssueText, name: string): IssueText {
  if (Buffer.byteLength(body) > MAX_ISSUE_BYTES) throw tooLarge(name);
  const text = { title: plainLine(title), body: trimBody(plainText(body)), labels: unique(labels.map((label) => plainLine(label))) };
  if (text.title === '') throw empty(name);
  return text;
}

/** A heading is the title and nothing else; a first line is the title and remains part of the text. */
function titled(body: string, name: string): { title: string; body: string } {
  const lines = body.split('\n');
  const position = titlePosition(lines);
  const line = lines[position] ?? '';
  const heading = HEADING.exec(line)?.groups?.['title'];
  const title = plainLine(heading ?? line);
  if (title === '') throw empty(name);
  return heading === undefined ? { title, body } : { title, body: trimBody(lines.toSpliced(position, 1).join('\n')) };
}

const HEADING = /^#{1,6}\s+(?<title>.*?)(?:\s+#+)?\s*$/;

/** The line of the top heading, else the first line that says anything (a rule or a comment does not). */
function titlePosition(lines: string[]): number {
  // Inside a code block `# …` is a comment of a shell.
  const codeStart = lines.findIndex((line) => /^\s*(?:```|~~~)/.test(line));
  const prose = codeStart < 0 ? lines : lines.slice(0, codeStart);
  const top = prose.findIndex((line) => /^#\s+\S/.test(line));
  if (top >= 0) return top;
  const first = lines.findIndex((line) => /[\p{L}\p{N}]/u.test(line) && !/^\s*(?:<!--|```|~~~)/.test(line));
  return first >= 0 ? first : lines.findIndex((line) => line.trim() !== '');
}

async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    throw new BelayError({
      code: 'issue_not_found',
      message: `There is no issue file at ${path}.`,
      hint: 'Check the path, or give the issue as plain text in quotes.',
      cause,
    });
  }
}

async function readBounded(real: string, path: string): Promise<Buffer> {
  await using file = await openRegular(real, path);
  const buffer = Buffer.alloc(MAX_ISSUE_BYTES + 1);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
  if (bytesRead > MAX_ISSUE_BYTES) throw tooLarge(path);
  return buffer.subarray(0, bytesRead);
}

async function openRegular(real: string, path: string): ReturnType<typeof open> {
  const info = await stat(real);
  // Opening a pipe would wait for its writer.
  if (!info.isFile()) throw notText(path, info.isDirectory() ? 'it is a folder' : 'it is no regular file');
  return await open(real, 'r');
}

function decode(bytes: Buffer, path: string): string {
  if (bytes.includes(0)) throw notText(path, 'it holds NUL bytes, so it is binary or UTF-16');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw notText(path, 'it is not UTF-8', cause);
  }
}

const isMapping = (data: unknown): data is Record<string, unknown> => typeof data === 'object' && data !== null && !Array.isArray(data);

/** People write `title: 404`; YAML calls that a number. */
function asText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function asLabels(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : asText(value).split(',');
  return unique(list.map((label) => plainLine(asText(label))));
}

const unique = (labels: string[]): string[] => [...new Set(labels)].filter((label) => label !== '');

function tooLarge(name: string): BelayError {
  return new BelayError({
    code: 'issue_too_large',
    message: `The issue ${name} is larger than ${MAX_ISSUE_BYTES / 1024} KiB.`,
    hint: 'Shorten it to what the work needs; put logs and data into the repository and name them.',
  });
}

function empty(name: string): BelayError {
  return new BelayError({
    code: 'issue_empty',
    message: `The issue ${name} is empty.`,
    hint: 'Say in it what should be done: a title is enough.',
  });
}

function notText(name: string, why: string, cause?: unknown): BelayError {
  return new BelayError({
    code: 'invalid_input',
    message: `${name} cannot be read as an issue: ${why}.`,
    hint: 'Give a Markdown or text file in UTF-8.',
    ...(cause === undefined ? {} : { cause }),
  });
}
