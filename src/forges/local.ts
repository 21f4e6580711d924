import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { BelayError } from '../contracts/errors.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { PullRequest, RepositoryRef } from '../contracts/repository.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { readDocument, withWord, writeDocument } from '../documents/files.ts';
import { documentPath, exclusively, listDocuments, nextDocument, openFolder } from '../documents/repository-folder.ts';
import type { RepositoryFolder } from '../documents/repository-folder.ts';
import { inspectRepository, readCommitted } from '../git/user-repository.ts';
import type { Forge, NewPullRequest, RepositoryFacts } from './forge.ts';
import { registerRepository } from './local-registry.ts';
import type { Registration } from './local-registry.ts';

const pullRequestRecord = z.looseObject({
  title: z.string().min(1),
  state: z.enum(['open', 'merged', 'closed']),
  branch: z.string().min(1),
  base: z.string().min(1),
  headSha: z.string().regex(/^[0-9a-f]{7,64}$/, 'must be a commit in hexadecimal'),
  draft: z.boolean().optional(),
  labels: z.array(z.string()).optional(),
  reviewers: z.array(z.string()).optional(),
  createdAt: z.string().optional(),
  updatedAt: z.string().optional(),
});
type PullRequestRecord = z.infer<typeof pullRequestRecord>;

interface PullRequestKey {
  repository: RepositoryRef;
  number: number;
}

/** A forge without an account: pull requests are Markdown files, git is a bare repository or a clone that the user named. */
export interface LocalForge extends Forge {
  /** The repository of a path: the same real path is always the same repository. Throws `BelayError` repository_not_found. */
  register(input: Registration): Promise<RepositoryRef>;
  /** Lowest number first. */
  listPullRequests(input: { repository: RepositoryRef; state?: PullRequest['state'] }): Promise<PullRequest[]>;
  /** Throws `BelayError` invalid_input. */
  getPullRequest(key: PullRequestKey): Promise<PullRequest>;
  setPullRequestState(input: PullRequestKey & { state: PullRequest['state'] }): Promise<PullRequest>;
}

/** Keeps everything under `<home>/forge/`. */
export function createLocalForge({ home }: { home: string }): LocalForge {
  const open = (repository: RepositoryRef): Promise<RepositoryFolder> => openFolder({ home, repository });
  return {
    name: 'local',
    register: (input) => registerRepository(home, input),
    gitAccess: async (repository) => ({ url: await existingPath(await open(repository)) }),
    describeRepository: async (repository) => describe(repository, await existingPath(await open(repository))),
    readFile: async ({ repository, ref, path }) => readCommitted({ root: await existingPath(await open(repository)), ref, path }),
    findPullRequest: async ({ repository, branch }) => findByBranch(await open(repository), branch),
    createPullRequest: async (input) => createOrFind(await open(input.repository), input),
    updatePullRequest: async ({ repository, number, ...changes }) =>
      change(await open(repository), number, (present) => ({ ...present, ...changes })),
    setPullRequestState: async ({ repository, number, state }) =>
      change(await open(repository), number, (present) => ({ ...present, state })),
    getPullRequest: async ({ repository, number }) => read(await open(repository), number),
    listPullRequests: async ({ repository, state }) => {
      const folder = await open(repository);
      const all = await readAll(folder, await listDocuments(folder, 'pulls'));
      return state === undefined ? all : all.filter((pullRequest) => pullRequest.state === state);
    },
  };
}

async function existingPath({ repository, record, path }: RepositoryFolder): Promise<string> {
  const found = await stat(record.path).catch(() => undefined);
  if (found?.isDirectory()) return record.path;
  throw new BelayError({
    code: 'repository_not_found',
    message: `The git repository of ${repositorySlug(repository)} is gone: ${record.path}.`,
    hint: `Bring it back, or set its new path in ${path}/repository.yml.`,
  });
}

async function describe(repository: RepositoryRef, root: string): Promise<RepositoryFacts> {
  const { head } = await inspectRepository(root);
  return { repository, ...(head.branch ? { defaultBranch: head.branch } : {}) };
}

/** One open pull request per branch, however many ask for it at once. */
function createOrFind(folder: RepositoryFolder, wanted: NewPullRequest): Promise<PullRequest> {
  return exclusively(folder.path, async () => {
    const present = await findByBranch(folder, wanted.branch);
    if (present?.state === 'open') return present;
    const { number, path } = await nextDocument(folder, 'pulls');
    const now = new Date().toISOString();
    const { repository: _, body, ...fields } = wanted;
    const data: PullRequestRecord = { ...fields, state: 'open', createdAt: now, updatedAt: now };
    await writeDocument(path, { schema: pullRequestRecord, data, body });
    return read(folder, number);
  });
}

async function findByBranch(folder: RepositoryFolder, branch: string): Promise<PullRequest | undefined> {
  const named = await withWord(await listDocuments(folder, 'pulls'), branch);
  const newestFirst = (await readAll(folder, named)).filter((pullRequest) => pullRequest.branch === branch).toReversed();
  return newestFirst.find((pullRequest) => pullRequest.state === 'open') ?? newestFirst[0];
}

type Text = Pick<PullRequest, 'title' | 'body' | 'headSha' | 'state' | 'draft'> & Pick<PullRequestRecord, 'reviewers' | 'labels'>;

function change(folder: RepositoryFolder, number: number, mend: (present: PullRequest) => Text): Promise<PullRequest> {
  return exclusively(folder.path, async () => {
    const { data, pullRequest } = await load(folder, number);
    const { title, body, headSha, state, draft, reviewers, labels } = mend(pullRequest);
    const added = withoutUndefined({ draft, reviewers: union(data.reviewers, reviewers), labels: union(data.labels, labels) });
    const mended = { ...data, title, state, headSha, ...added, updatedAt: new Date().toISOString() };
    await writeDocument(pullRequest.url, { schema: pullRequestRecord, data: mended, body });
    return read(folder, number);
  });
}

const union = (present: string[] = [], more: string[] | undefined): string[] | undefined => more && [...new Set([...present, ...more])];

async function readAll(folder: RepositoryFolder, documents: readonly { number: number }[]): Promise<PullRequest[]> {
  return Promise.all(documents.map(({ number }) => read(folder, number)));
}

async function read(folder: RepositoryFolder, number: number): Promise<PullRequest> {
  return (await load(folder, number)).pullRequest;
}

async function load(folder: RepositoryFolder, number: number): Promise<{ data: PullRequestRecord; pullRequest: PullRequest }> {
  const url = documentPath(folder, 'pulls', number);
  const document = await readDocument(url, pullRequestRecord);
  if (!document) throw noSuchPullRequest(folder, number);
  const { data, body } = document;
  const { title, branch, base, state, headSha, draft } = data;
  return {
    data,
    pullRequest: {
      repository: folder.repository,
      number,
      url,
      branch,
      base,
      title,
      body,
      state,
      headSha,
      ...(draft === undefined ? {} : { draft }),
    },
  };
}

function noSuchPullRequest(folder: RepositoryFolder, number: number): BelayError {
  return new BelayError({
    code: 'invalid_input',
    message: `${repositorySlug(folder.repository)} has no pull request ${number} (looked in ${folder.path}/pulls).`,
    hint: '`belay show ID` names the pull request of a run.',
  });
}
