import { z } from 'zod';
import { BelayError } from '../contracts/errors.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { Issue, RepositoryRef } from '../contracts/repository.ts';
import { plainLine } from '../contracts/text.ts';
import { readDocument, withWord, writeDocument } from '../documents/files.ts';
import { documentPath, exclusively, listDocuments, nextDocument, openFolder } from '../documents/repository-folder.ts';
import type { RepositoryFolder } from '../documents/repository-folder.ts';
import { checkIssueText, readIssueFile } from './issue-file.ts';
import type { IssueText } from './issue-file.ts';
import { upsertComment } from './local-comments.ts';
import { labelsToChange } from './tracker.ts';
import type { Tracker } from './tracker.ts';

const issueRecord = z.looseObject({
  title: z.string().min(1),
  state: z.enum(['open', 'closed']),
  labels: z.array(z.string()).default([]),
  /** The real path of the file that the issue was given as. */
  source: z.string().optional(),
  createdAt: z.string().optional(),
  updatedAt: z.string().optional(),
});
type IssueRecord = z.infer<typeof issueRecord>;

/** A tracker without an account: issues and their comments are Markdown files. */
export interface LocalTracker extends Tracker {
  /**
   * The issue of a Markdown file. The same real path is always the same issue; its text is read anew each time.
   * Throws `BelayError` issue_not_found, issue_empty, issue_too_large or invalid_input.
   */
  fileIssue(input: { repository: RepositoryRef; path: string }): Promise<Issue>;
}

/** Keeps everything under `<home>/forge/`. */
export function createLocalTracker({ home }: { home: string }): LocalTracker {
  const open = (repository: RepositoryRef): Promise<RepositoryFolder> => openFolder({ home, repository });
  return {
    name: 'local',
    getIssue: async (ref) => (await load(await open(ref.repository), ref.key)).issue,
    listIssues: async ({ repository, state }) => {
      const folder = await open(repository);
      const all = await loadAll(folder, await listDocuments(folder, 'issues'));
      return all.map(({ issue }) => issue).filter((issue) => state === undefined || issue.state === state);
    },
    createIssue: async ({ repository, title, body, labels = [] }) => {
      const text = checkIssueText({ title, body, labels }, `"${plainLine(title, 60)}"`);
      const folder = await open(repository);
      return exclusively(folder.path, () => create(folder, text));
    },
    fileIssue: async ({ repository, path }) => {
      const text = await readIssueFile(path);
      const folder = await open(repository);
      return exclusively(folder.path, () => createOrRefresh(folder, text));
    },
    upsertComment: async ({ issue, marker, body }) => {
      const folder = await open(issue.repository);
      return exclusively(folder.path, async () => upsertComment({ issuePath: (await load(folder, issue.key)).issue.url, marker, body }));
    },
    closeIssue: async (ref) => await change(await open(ref.repository), ref.key, () => ({ state: 'closed' })),
    changeLabels: async (wanted) =>
      await change(await open(wanted.issue.repository), wanted.issue.key, ({ labels }) => {
        const { add, remove } = labelsToChange(labels, wanted);
        return { labels: union(labels, add).filter((name) => !remove.includes(name)) };
      }),
  };
}

const union = (first: string[], second: string[]): string[] => [...new Set([...first, ...second])];

async function create(folder: RepositoryFolder, { title, body, labels, source }: IssueText & { source?: string }): Promise<Issue> {
  const { number, path } = await nextDocument(folder, 'issues');
  const now = new Date().toISOString();
  const data = { title, state: 'open' as const, labels, ...(source === undefined ? {} : { source }), createdAt: now, updatedAt: now };
  await writeDocument(path, { schema: issueRecord, data, body });
  return (await load(folder, String(number))).issue;
}

/** Labels that were added to the issue stay; title and text are the file's. */
async function createOrRefresh(folder: RepositoryFolder, text: IssueText & { source: string }): Promise<Issue> {
  const known = (await loadAll(folder, await withWord(await listDocuments(folder, 'issues'), text.source))).find(
    ({ record }) => record.source === text.source,
  );
  if (!known) return create(folder, text);
  const { record, issue } = known;
  const labels = union(record.labels, text.labels);
  if (issue.title === text.title && issue.body === text.body && labels.length === record.labels.length) return issue;
  const data = { ...record, title: text.title, labels, updatedAt: new Date().toISOString() };
  await writeDocument(issue.url, { schema: issueRecord, data, body: text.body });
  return (await load(folder, issue.key)).issue;
}

function change(folder: RepositoryFolder, key: string, mend: (record: IssueRecord) => Partial<IssueRecord>): Promise<void> {
  return exclusively(folder.path, async () => {
    const { record, issue } = await load(folder, key);
    const data = { ...record, ...mend(record), updatedAt: new Date().toISOString() };
    await writeDocument(issue.url, { schema: issueRecord, data, body: issue.body });
  });
}

interface LoadedIssue {
  record: IssueRecord;
  issue: Issue;
}

async function loadAll(folder: RepositoryFolder, documents: readonly { number: number }[]): Promise<LoadedIssue[]> {
  return Promise.all(documents.map(({ number }) => load(folder, String(number))));
}

async function load(folder: RepositoryFolder, key: string): Promise<LoadedIssue> {
  // A key from outside may be anything; only a number is made into a path.
  const url = /^[1-9]\d{0,8}$/.test(key) ? documentPath(folder, 'issues', key) : undefined;
  const document = url === undefined ? undefined : await readDocument(url, issueRecord);
  if (url === undefined || document === undefined) throw noSuchIssue(folder, key);
  const { data: record, body } = document;
  // People may have edited the file since it was written.
  const { title, labels, body: text } = checkIssueText({ title: record.title, body, labels: record.labels }, url);
  const { repository } = folder;
  return { record, issue: { tracker: 'local', repository, key, title, body: text, url, labels, state: record.state } };
}

function noSuchIssue(folder: RepositoryFolder, key: string): BelayError {
  return new BelayError({
    code: 'issue_not_found',
    message: `${repositorySlug(folder.repository)} has no issue ${plainLine(key, 60)} (looked in ${folder.path}/issues).`,
    hint: 'Give the issue as a Markdown file, and it is filed there.',
  });
}
