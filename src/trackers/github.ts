import { BelayError } from '../contracts/errors.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { Issue, IssueRef, RepositoryRef } from '../contracts/repository.ts';
import { plainLine } from '../contracts/text.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import type { GitHubClient } from '../github/client.ts';
import { upsertMarkedComment } from '../github/comments.ts';
import { MAX_TITLE, cutBody } from '../github/limits.ts';
import { readComments } from './github-comments.ts';
import { checkIssueText } from './issue-file.ts';
import { labelsToChange } from './tracker.ts';
import type { LabelChange, Tracker } from './tracker.ts';

/** What GitHub's several answers about issues have in common. */
interface Answer {
  number: number;
  html_url: string;
  title: string;
  body?: string | null;
  state: string;
  labels: (string | { name?: string | null })[];
  user: { login: string } | null;
  pull_request?: unknown;
  created_at: string;
  comments: number;
}

/** A poll looks at the newest ones; older ones have had their turn. */
const MAX_LISTED = 1000;

/** Issues on GitHub. */
export function createGitHubTracker({ client }: { client: GitHubClient }): Tracker {
  return {
    name: 'github',
    getIssue: (ref) => getIssue(client, ref),
    listIssues: (wanted) => listIssues(client, wanted),
    createIssue: (wanted) => createIssue(client, wanted),
    upsertComment: async ({ issue, marker, body }) => {
      const place = { repository: issue.repository, number: numberOf(client, issue) };
      const { id, body: text, url } = await upsertMarkedComment(client, { ...place, marker, body });
      return { id: String(id), body: text, url };
    },
    closeIssue: async (ref) => {
      await client.call(askedOf('close', ref), (octokit) => octokit.rest.issues.update({ ...address(client, ref), state: 'closed' }));
    },
    changeLabels: (wanted) => changeLabels(client, wanted),
  };
}

async function getIssue(client: GitHubClient, ref: Parameters<Tracker['getIssue']>[0]): Promise<Issue> {
  const { data } = await client.call(askedOf('read', ref), (octokit) => octokit.rest.issues.get(address(client, ref)));
  if (data.pull_request) throw notAnIssue(`${nameOf(ref)} is a pull request, not an issue`);
  const moved = /\/repos\/([^/]+\/[^/]+)$/.exec(data.repository_url)?.[1]?.toLowerCase();
  if (data.number !== Number(ref.key)) throw notAnIssue(`${nameOf(ref)} has moved to ${moved}#${data.number}`);
  const issue = toIssue(ref.repository, data);
  if (!ref.withComments) return issue;
  const { comments, leftOut } = await readComments(client, { ...address(client, ref), count: data.comments });
  return { ...issue, comments, ...(leftOut === 0 ? {} : { commentsLeftOut: leftOut }) };
}

function listIssues(client: GitHubClient, { repository, state }: Parameters<Tracker['listIssues']>[0]): Promise<Issue[]> {
  return client.call(askedOfAll('list the issues of', repository), async (octokit) => {
    const order = { state: state ?? 'all', sort: 'created', direction: 'desc', per_page: 100 } as const;
    const found: Issue[] = [];
    for await (const { data } of octokit.paginate.iterator(octokit.rest.issues.listForRepo, {
      ...repositoryAddress(repository),
      ...order,
    })) {
      found.push(...data.filter((issue) => !issue.pull_request).map((issue) => toIssue(repository, issue)));
      if (found.length >= MAX_LISTED) break;
    }
    return found.toReversed();
  });
}

type NewIssue = Parameters<Tracker['createIssue']>[0];

async function createIssue(client: GitHubClient, { repository, title, body, labels = [] }: NewIssue): Promise<Issue> {
  const text = { title: plainLine(title, MAX_TITLE), body: cutBody(body) };
  const since = await newestNumber(client, repository);
  try {
    return await client.call(askedOfAll('open an issue in', repository), async (octokit) => {
      return toIssue(repository, (await octokit.rest.issues.create({ ...repositoryAddress(repository), ...text, labels })).data);
    });
  } catch (error) {
    if (!(error instanceof BelayError) || error.code !== 'forge_unreachable') throw error;
    // The answer may have been lost after the issue was opened.
    const present = (await recent(client, repository)).find(
      (issue) => issue.number > since && issue.title === text.title && (issue.body ?? '').replaceAll('\r\n', '\n') === text.body,
    );
    if (present === undefined) throw error;
    return toIssue(repository, present);
  }
}

async function newestNumber(client: GitHubClient, repository: RepositoryRef): Promise<number> {
  return (await recent(client, repository))[0]?.number ?? 0;
}

function recent(client: GitHubClient, repository: RepositoryRef): Promise<Answer[]> {
  return client.call(askedOfAll('list the issues of', repository), async (octokit) => {
    const newest = { state: 'all', sort: 'created', direction: 'desc', per_page: 30 } as const;
    return (await octokit.rest.issues.listForRepo({ ...repositoryAddress(repository), ...newest })).data;
  });
}

/** Labels that the repository does not have are made by GitHub. */
async function changeLabels(client: GitHubClient, wanted: LabelChange): Promise<void> {
  const place = address(client, wanted.issue);
  const asked = askedOf('label', wanted.issue);
  const present = await client.call(asked, async (octokit) => {
    return (await octokit.rest.issues.listLabelsOnIssue({ ...place, per_page: 100 })).data.map(({ name }) => name);
  });
  const { add, remove } = labelsToChange(present, wanted);
  if (add.length > 0) await client.call(asked, (octokit) => octokit.rest.issues.addLabels({ ...place, labels: add }));
  for (const name of remove) {
    await client
      .call(asked, (octokit) => octokit.rest.issues.removeLabel({ ...place, name }))
      .catch((error: unknown) => {
        // Somebody was quicker: it is gone.
        if (!(error instanceof BelayError) || error.code !== 'issue_not_found') throw error;
      });
  }
}

const nameOf = ({ repository, key }: IssueRef): string => `${repositorySlug(repository)}#${plainLine(key, 60)}`;
const repositoryAddress = ({ owner, name }: RepositoryRef) => ({ owner, repo: name });
const address = (client: GitHubClient, ref: IssueRef) => ({ ...repositoryAddress(ref.repository), issue_number: numberOf(client, ref) });

/** A key from outside may be anything; only a number is made into an address. */
function numberOf(client: GitHubClient, ref: IssueRef): number {
  if (/^[1-9]\d{0,9}$/.test(ref.key)) return Number(ref.key);
  throw notAnIssue(`There is no issue ${nameOf(ref)} on ${client.host}: issues have numbers there`);
}

const notAnIssue = (message: string): BelayError =>
  new BelayError({ code: 'issue_not_found', message: `${message}.`, hint: 'Name an issue by its number, or by its address.' });

const askedOf = (verb: string, ref: IssueRef) =>
  ({ doing: `${verb} issue ${nameOf(ref)}`, missing: { code: 'issue_not_found', what: `issue ${nameOf(ref)}` } }) as const;

function askedOfAll(verb: string, repository: RepositoryRef) {
  const slug = repositorySlug(repository);
  return { doing: `${verb} ${slug}`, missing: { code: 'repository_not_found', what: `repository ${slug}` } } as const;
}

function toIssue(repository: RepositoryRef, answer: Answer): Issue {
  const { html_url: url, user, state, number } = answer;
  const labels = answer.labels.map((label) => (typeof label === 'string' ? label : (label.name ?? '')));
  const text = checkIssueText({ title: answer.title, body: answer.body ?? '', labels }, `${repositorySlug(repository)}#${number}`);
  const place = { tracker: 'github', repository, key: String(number), url, state: state === 'open' ? 'open' : 'closed' } as const;
  return { ...place, ...text, ...withoutUndefined({ author: user?.login }) };
}
