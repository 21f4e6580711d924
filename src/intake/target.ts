import { stat } from 'node:fs/promises';
import path from 'node:path';
import { BelayError } from '../contracts/errors.ts';

/** What a person named on the command line. */
export type Target =
  | { kind: 'file'; path: string }
  | { kind: 'issue'; key: string; repository?: { owner: string; name: string } }
  | { kind: 'request'; text: string };

const NUMBER = /^#?(\d+)$/;
const SLUG = /^(?:local:)?([A-Za-z0-9][\w.-]*)\/([\w.-]+)#(\d+)$/;
const LOOKS_LIKE_FILE = /^\S*(?:\/\S*|\.(?:md|markdown|txt))$/i;
const URL_LIKE = /^https?:\/\//i;
/** A request travels through Temporal's history; longer texts belong in a file. */
const MAX_REQUEST_BYTES = 16 * 1024;

/** `issue.md`, `12`, `#12`, `owner/repo#12`, or plain text. Throws invalid_input, issue_not_found, issue_empty, issue_too_large. */
export async function parseTarget(text: string): Promise<Target> {
  const wanted = text.trim();
  if (wanted === '')
    throw new BelayError({
      code: 'issue_empty',
      message: 'The issue is empty.',
      hint: 'Name a Markdown file, an issue number, or say in quotes what to do.',
    });
  if (URL_LIKE.test(wanted)) throw notYet(wanted);
  const number = NUMBER.exec(wanted);
  if (number) return { kind: 'issue', key: String(Number(number[1])) };
  const slug = SLUG.exec(wanted);
  if (slug)
    return {
      kind: 'issue',
      repository: { owner: String(slug[1]).toLowerCase(), name: String(slug[2]).toLowerCase() },
      key: String(Number(slug[3])),
    };
  if (await isFile(wanted)) return { kind: 'file', path: path.resolve(wanted) };
  if (LOOKS_LIKE_FILE.test(wanted)) {
    throw new BelayError({
      code: 'issue_not_found',
      message: `There is no file ${wanted}.`,
      hint: 'Check the path. Text in quotes with a space in it is taken as the request itself.',
    });
  }
  if (Buffer.byteLength(wanted) > MAX_REQUEST_BYTES) {
    throw new BelayError({
      code: 'issue_too_large',
      message: `The request is longer than ${MAX_REQUEST_BYTES / 1024} KiB.`,
      hint: 'Put it into a Markdown file and name that.',
    });
  }
  return { kind: 'request', text: wanted };
}

async function isFile(name: string): Promise<boolean> {
  try {
    return (await stat(name)).isFile();
  } catch (error) {
    // Any text may stand here: too long for a name, with a NUL in it, below a file.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

const notYet = (url: string): BelayError =>
  new BelayError({
    code: 'invalid_input',
    message: `Belay cannot read issues from ${url} yet.`,
    hint: 'Save the issue as a Markdown file and name that.',
  });
