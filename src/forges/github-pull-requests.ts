import { BelayError } from '../contracts/errors.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { PullRequest, RepositoryRef } from '../contracts/repository.ts';
import { plainLine } from '../contracts/text.ts';
import type { GitHubClient } from '../github/client.ts';
import { upsertMarkedComment } from '../github/comments.ts';
import { MAX_TITLE, cutBody, isOurs, markerIn } from '../github/limits.ts';
import type { NewPullRequest, PullRequestChange } from './forge.ts';

/** What GitHub's several answers about pull requests have in common. */
interface Answer {
  node_id: string;
  number: number;
  html_url: string;
  title: string;
  body: string | null;
  state: string;
  draft?: boolean;
  merged_at: string | null;
  head: { ref: string; sha: string };
  base: { ref: string };
}

interface Side {
  ref: string;
  /** Null where a fork has been deleted. */
  repo: { id: number } | null;
}

interface Wanted {
  repository: RepositoryRef;
  branch: string;
}

/** GitHub has one open pull request for a branch and its base, and refuses a second: asking twice is safe. */
const CREATE_ATTEMPTS = 2;

export async function findPullRequest(client: GitHubClient, { repository, branch }: Wanted): Promise<PullRequest | undefined> {
  const found = await client.call(asked(`look for pull requests of ${branch} in`, repository), async (octokit) => {
    // The filter goes by the owner's present name, as it is written; an address by any.
    const { owner } = (await octokit.rest.repos.get(address(repository))).data;
    const head = `${owner.login}:${branch}`;
    const order = { state: 'all', sort: 'created', direction: 'desc', per_page: 100 } as const;
    return (await octokit.rest.pulls.list({ ...address(repository), head, ...order })).data;
  });
  const newestFirst = found.filter((answer) => isFrom(branch, answer)).map((answer) => toPullRequest(repository, answer));
  return newestFirst.find(({ state }) => state === 'open') ?? newestFirst[0];
}

/** A branch of the repository itself: anybody's fork can have one of the same name. */
function isFrom(branch: string, { head, base }: { head: Side; base: Side }): boolean {
  return head.ref === branch && head.repo?.id === base.repo?.id;
}

export async function createPullRequest(client: GitHubClient, wanted: NewPullRequest): Promise<PullRequest> {
  const { pullRequest, notes } = await openOrFind(client, wanted);
  // Somebody else's is theirs to label.
  const unset = isOurs(pullRequest.body) ? await addRequested(client, { ...wanted, number: pullRequest.number }) : [];
  return withNotes(pullRequest, [...notes, ...unset]);
}

export async function updatePullRequest(client: GitHubClient, change: PullRequestChange): Promise<PullRequest> {
  const { repository, number } = change;
  const present = await client.call(asked(`read pull request ${number} of`, repository), async (octokit) => {
    return (await octokit.rest.pulls.get({ ...address(repository), pull_number: number })).data;
  });
  if (!isOurs(present.body)) return respected(client, change, toPullRequest(repository, present));
  // Before the text, which says whose draft it is: another attempt goes by that.
  const { draft, notes } = await withDraft(client, change, present);
  const changed = await client.call(asked(`change pull request ${number} of`, repository), async (octokit) => {
    const { state } = change;
    return (await octokit.rest.pulls.update({ ...address(repository), pull_number: number, ...texts(change), ...(state ? { state } : {}) }))
      .data;
  });
  return withNotes(toPullRequest(repository, { ...changed, draft }), [...notes, ...(await addRequested(client, change))]);
}

/** Makes it a draft, or ready, where that is wanted and is not so yet. Not every repository has drafts. */
async function withDraft(
  client: GitHubClient,
  { repository, number, draft: wanted }: PullRequestChange,
  { node_id: id, draft = false }: Pick<Answer, 'node_id' | 'draft'>,
): Promise<{ draft: boolean; notes: string[] }> {
  if (wanted === undefined || wanted === draft) return { draft, notes: [] };
  try {
    await setDraft(client, { repository, number, id, draft: wanted });
    return { draft: wanted, notes: [] };
  } catch (error) {
    if (wanted && lacksDrafts(error)) return { draft, notes: [NO_DRAFTS] };
    throw error;
  }
}

const NO_DRAFTS = 'This repository has no drafts: the pull request is open for review.';
const lacksDrafts = (error: unknown): boolean =>
  error instanceof BelayError && error.code === 'forge_refused' && /draft pull requests/i.test(error.message);

interface Opened {
  pullRequest: PullRequest;
  notes: string[];
}

async function openOrFind(client: GitHubClient, wanted: NewPullRequest): Promise<Opened> {
  const notes: string[] = [];
  let draft = wanted.draft ?? false;
  for (let attempt = 1; ; attempt++) {
    try {
      return { pullRequest: await open(client, wanted, draft), notes };
    } catch (error) {
      if (!(error instanceof BelayError) || !['forge_unreachable', 'forge_refused'].includes(error.code)) throw error;
      // Refused because there is one, or written although the answer was lost.
      const present = await findPullRequest(client, wanted);
      if (present?.state === 'open') return { pullRequest: present, notes };
      const noDrafts = draft && lacksDrafts(error);
      if (attempt === CREATE_ATTEMPTS || (error.code === 'forge_refused' && !noDrafts)) throw error;
      if (noDrafts) notes.push(NO_DRAFTS);
      draft &&= !noDrafts;
    }
  }
}

async function open(client: GitHubClient, wanted: NewPullRequest, draft: boolean): Promise<PullRequest> {
  const { repository, branch: head, base } = wanted;
  return client.call(asked(`open a pull request for ${head} in`, repository), async (octokit) => {
    const { data } = await octokit.rest.pulls.create({ ...address(repository), head, base, draft, ...texts(wanted) });
    return toPullRequest(repository, data);
  });
}

/** Reviewers and labels are extras: what cannot be set is said, and the pull request stands. */
async function addRequested(
  client: GitHubClient,
  { repository, number, reviewers = [], labels = [] }: Pick<PullRequestChange, 'repository' | 'number' | 'reviewers' | 'labels'>,
): Promise<string[]> {
  const teams = reviewers.filter((name) => name.startsWith('team/')).map((name) => name.slice('team/'.length));
  const people = reviewers.filter((name) => !name.startsWith('team/'));
  const review = (name: string, request: { reviewers?: string[]; team_reviewers?: string[] }) =>
    attempt(
      client.call(asked(`ask ${name} to review pull request ${number} of`, repository), (octokit) =>
        octokit.rest.pulls.requestReviewers({ ...address(repository), pull_number: number, ...request }),
      ),
    );
  const results = [
    // One by one: GitHub refuses all for the sake of one.
    ...people.map((name) => review(name, { reviewers: [name] })),
    ...teams.map((name) => review(`team ${name}`, { team_reviewers: [name] })),
    ...(labels.length === 0 ? [] : [attempt(setLabels(client, { repository, number, labels }))]),
  ];
  return (await Promise.all(results)).filter((note) => note !== undefined);
}

/** Labels that the repository does not have are made by GitHub. */
function setLabels(
  client: GitHubClient,
  { repository, number, labels }: Pick<PullRequestChange, 'repository' | 'number'> & { labels: string[] },
): Promise<unknown> {
  return client.call(asked(`label pull request ${number} of`, repository), (octokit) =>
    octokit.rest.issues.addLabels({ ...address(repository), issue_number: number, labels }),
  );
}

/** The failure in words. What ends by itself is waited for instead: all of this may be done again. */
async function attempt(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof BelayError && error.class !== 'wait') return error.message;
    throw error;
  }
}

/** A person's pull request keeps its title, text and state; what Belay has to say is a comment there. */
async function respected(
  client: GitHubClient,
  { repository, number, body }: PullRequestChange,
  present: PullRequest,
): Promise<PullRequest> {
  const marker = markerIn(body);
  if (marker !== undefined) await upsertMarkedComment(client, { repository, number, marker, body });
  return withNotes(present, [
    `Pull request ${number} is not Belay's: its title and text stay as they are, and the report is a comment on it.`,
  ]);
}

const TO_READY = 'mutation($id: ID!) { markPullRequestReadyForReview(input: { pullRequestId: $id }) { clientMutationId } }';
const TO_DRAFT = 'mutation($id: ID!) { convertPullRequestToDraft(input: { pullRequestId: $id }) { clientMutationId } }';

/** REST can open a draft, and not end it. */
async function setDraft(
  client: GitHubClient,
  { repository, number, id, draft }: Pick<PullRequestChange, 'repository' | 'number'> & { id: string; draft: boolean },
) {
  const doing = draft ? `make a draft of pull request ${number} of` : `mark as ready pull request ${number} of`;
  await client.call(asked(doing, repository), (octokit) => octokit.graphql(draft ? TO_DRAFT : TO_READY, { id }));
}

const texts = ({ title, body }: { title: string; body: string }) => ({ title: plainLine(title, MAX_TITLE), body: cutBody(body) });
const address = ({ owner, name }: RepositoryRef) => ({ owner, repo: name });
const withNotes = (pullRequest: PullRequest, notes: string[]): PullRequest =>
  notes.length === 0 ? pullRequest : { ...pullRequest, notes };

function asked(doing: string, repository: RepositoryRef) {
  const slug = repositorySlug(repository);
  return { doing: `${doing} ${slug}`, missing: { code: 'repository_not_found', what: `repository ${slug}` } } as const;
}

function toPullRequest(repository: RepositoryRef, answer: Answer): PullRequest {
  const { number, html_url: url, title, body, head, base, draft } = answer;
  const state = answer.merged_at === null ? (answer.state === 'open' ? 'open' : 'closed') : 'merged';
  const known = { repository, number, url, title, body: body ?? '', branch: head.ref, base: base.ref, headSha: head.sha, state } as const;
  return { ...known, ...(draft === undefined ? {} : { draft }) };
}
