import type { IssueComment } from '../contracts/repository.ts';
import { cutText, plainText } from '../contracts/text.ts';
import type { GitHubClient } from '../github/client.ts';
import { isOurs } from '../github/limits.ts';

interface CommentsPlace {
  owner: string;
  repo: string;
  issue_number: number;
  /** As the issue tells it. */
  count: number;
}

interface Answer {
  body?: string;
  user: { login: string } | null;
  author_association?: string;
  created_at: string;
}

const PAGE = 100;
/** The newest pages that are read beside the first. */
const LAST_PAGES = 2;
/** An agent reads them with every phase. */
const MAX_CHARACTERS = 64 * 1024;
/** A log that somebody pasted must not push out what others said. */
const MAX_COMMENT = 16 * 1024;
/** GitHub's word for somebody who is nothing to the repository. */
const NOBODY = 'NONE';

/** What people said, oldest first: the first comment (it often completes the issue) and the newest ones, as many as fit. */
export async function readComments(client: GitHubClient, place: CommentsPlace): Promise<{ comments: IssueComment[]; leftOut: number }> {
  const { owner, repo, issue_number, count } = place;
  const pages = await client.call({ doing: `read the comments of ${owner}/${repo}#${issue_number}` }, async (octokit) => {
    const read = async (page: number): Promise<Answer[]> =>
      (await octokit.rest.issues.listComments({ owner, repo, issue_number, per_page: PAGE, page })).data;
    return Promise.all(pagesToRead(count).map(read));
  });
  const read = pages.flat();
  const unread = Math.max(0, count - read.length);
  const said = read.filter(({ body }) => !isOurs(body) && plainText(body ?? '').trim() !== '').map(toComment);
  const kept = fitting(said);
  return { comments: kept, leftOut: said.length - kept.length + unread };
}

function pagesToRead(count: number): number[] {
  const last = Math.ceil(count / PAGE);
  const newest = Array.from({ length: LAST_PAGES }, (_, index) => last - LAST_PAGES + 1 + index);
  return [...new Set([1, ...newest])].filter((page) => page >= 1 && page <= last);
}

function fitting(comments: IssueComment[]): IssueComment[] {
  const [first, ...others] = comments;
  if (first === undefined) return [];
  let room = MAX_CHARACTERS - first.body.length;
  const newest = others.toReversed().filter(({ body }) => (room -= body.length) >= 0);
  return [first, ...newest.toReversed()];
}

function toComment({ body = '', user, author_association: role, created_at: createdAt }: Answer): IssueComment {
  const text = plainText(body).trim();
  return {
    author: user?.login ?? 'ghost',
    ...(role === undefined || role === NOBODY ? {} : { role: role.toLowerCase().replaceAll('_', ' ') }),
    body: cutText(text, MAX_COMMENT),
    createdAt,
  };
}
