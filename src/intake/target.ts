import { stat } from 'node:fs/promises';
import path from 'node:path';
import { BelayError } from '../contracts/errors.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import { gitHubRepository } from './repository-name.ts';

/** What a person named on the command line. */
export type Target =
  | { kind: 'file'; path: string }
  | { kind: 'issue'; key: string; repository?: RepositoryRef }
  | { kind: 'request'; text: string };

const NUMBER = /^#?(\d+)$/;
const LOCAL_ISSUE = /^(?:local:(?=[^#]+\/)|(?=local\/))([A-Za-z0-9][\w.-]*)\/([\w.-]+)#(\d+)$/;
const ISSUE = /^([^\s#]+)#(\d+)$/;
const ISSUE_PAGE = /^(.*)\/(issues|pull)\/(\d+)\/?$/;
const LOOKS_LIKE_FILE = /^\S*(?:\/\S*|\.(?:md|markdown|txt))$/i;
const URL_LIKE = /^https?:\/\//i;
/** A request travels through Temporal's history; longer texts belong in a file. */
export const MAX_REQUEST_BYTES = 16 * 1024;

/**
 * `issue.md`, `12`, `#12`, `owner/repo#12`, the address of an issue, or plain text. `owner/repo` is GitHub's, but for `local/…` and
 * `local:owner/repo`. Throws invalid_input, issue_not_found, issue_empty, issue_too_large.
 */
export async function parseTarget(text: string, { gitHubHost }: { gitHubHost: string }): Promise<Target> {
  const wanted = text.trim();
  if (wanted === '')
    throw new BelayError({
      code: 'issue_empty',
      message: 'The issue is empty.',
      hint: 'Name a Markdown file, an issue number, or say in quotes what to do.',
    });
  const named = issueByName(wanted, gitHubHost);
  if (named) return named;
  if (URL_LIKE.test(wanted)) return issuePage(wanted, gitHubHost);
  if (await isFile(wanted)) return { kind: 'file', path: path.resolve(wanted) };
  if (LOOKS_LIKE_FILE.test(wanted)) {
    throw new BelayError({
      code: 'issue_not_found',
      message: `There is no file ${wanted}.`,
      hint: 'Check the path. Text in quotes with a space in it is taken as the request itself.',
    });
  }
  requireShort(wanted);
  return { kind: 'request', text: wanted };
}

function issueByName(wanted: string, host: string): Target | undefined {
  const number = NUMBER.exec(wanted);
  if (number) return { kind: 'issue', key: plainKey(number[1]) };
  const local = LOCAL_ISSUE.exec(wanted);
  if (local) {
    const [, owner, name, key] = local.map((part) => part.toLowerCase());
    return { kind: 'issue', repository: { forge: 'local', owner: String(owner), name: String(name) }, key: plainKey(key) };
  }
  const [, slug, key] = ISSUE.exec(wanted) ?? [];
  const repository = slug === undefined ? undefined : gitHubRepository(slug, { host });
  return repository && { kind: 'issue', repository, key: plainKey(key) };
}

const plainKey = (digits: string | undefined): string => String(Number(digits));

/** `https://github.com/owner/repo/issues/12`, with whatever follows. */
function issuePage(address: string, host: string): Target {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const [, repositoryPath = '', kind, key] = ISSUE_PAGE.exec(url?.pathname ?? '') ?? [];
  const repository = url && gitHubRepository(`${url.origin}${repositoryPath}`, { host });
  if (repository && kind === 'issues') return { kind: 'issue', repository, key: plainKey(key) };
  if (repository && kind === 'pull')
    throw new BelayError({
      code: 'invalid_input',
      message: `${address} is a pull request, not an issue.`,
      hint: 'Name the issue that it should solve, or say in quotes what to do.',
    });
  throw new BelayError({
    code: 'invalid_input',
    message: `${address} is not the address of an issue that Belay can read.`,
    hint: `It reads https://${host}/<owner>/<repository>/issues/<number>. Another text can be saved as a Markdown file and named.`,
  });
}

/** Throws issue_too_large for a text that is too long for a request. */
export function requireShort(text: string): void {
  if (Buffer.byteLength(text) <= MAX_REQUEST_BYTES) return;
  throw new BelayError({
    code: 'issue_too_large',
    message: `The request is longer than ${MAX_REQUEST_BYTES / 1024} KiB.`,
    hint: 'Put it into a Markdown file, or an issue, and name that.',
  });
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
