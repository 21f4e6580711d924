import { BelayError } from '../contracts/errors.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { GitHubClient } from './client.ts';
import { cutBody } from './limits.ts';

/** An issue's or a pull request's: for comments GitHub takes them as the same. */
export interface CommentPlace {
  repository: RepositoryRef;
  number: number;
}

export interface PlacedComment {
  id: number;
  body: string;
  url: string;
}

interface Living extends CommentPlace {
  marker: string;
  body: string;
}

/**
 * The comment that carries this marker gets this text, or is written: exactly one of our own, also where an answer was lost.
 * Who else writes the marker keeps their text.
 */
export async function upsertMarkedComment(client: GitHubClient, { marker, body, ...place }: Living): Promise<PlacedComment> {
  const text = cutBody(body.includes(marker) ? body : `${body}\n\n${marker}`);
  const present = await findOwn(client, place, marker);
  if (present) return change(client, place, present, text);
  try {
    return await create(client, place, text);
  } catch (error) {
    if (!(error instanceof BelayError) || error.code !== 'forge_unreachable') throw error;
    // It may have been written all the same.
    const written = await findOwn(client, place, marker);
    if (written === undefined) throw error;
    return change(client, place, written, text);
  }
}

/** The comment of our own that carries this marker, with another text. Undefined where there is none. */
export async function rewriteMarkedComment(
  client: GitHubClient,
  { marker, rewrite, ...place }: CommentPlace & { marker: string; rewrite: (body: string) => string },
): Promise<PlacedComment | undefined> {
  const present = await findOwn(client, place, marker);
  return present && change(client, place, present, cutBody(rewrite(present.body.replaceAll('\r\n', '\n'))));
}

async function findOwn(client: GitHubClient, place: CommentPlace, marker: string): Promise<PlacedComment | undefined> {
  const isMine = await client.authorship();
  return client.call(asked('read the comments of', place), async (octokit) => {
    const pages = octokit.paginate.iterator(octokit.rest.issues.listComments, { ...address(place), per_page: 100 });
    for await (const { data } of pages) {
      const own = data.find(({ body, user }) => body?.includes(marker) && isMine(user));
      if (own) return { id: own.id, body: own.body ?? '', url: own.html_url };
    }
    return undefined;
  });
}

function create(client: GitHubClient, place: CommentPlace, body: string): Promise<PlacedComment> {
  return client.call(asked('comment on', place), async (octokit) => {
    const { data } = await octokit.rest.issues.createComment({ ...address(place), body });
    return { id: data.id, body, url: data.html_url };
  });
}

/** Nothing is written where nothing has changed: a change counts more than a question. */
async function change(client: GitHubClient, place: CommentPlace, present: PlacedComment, body: string): Promise<PlacedComment> {
  if (present.body.replaceAll('\r\n', '\n') === body) return present;
  return client.call(asked('change a comment on', place), async (octokit) => {
    const { owner, repo } = address(place);
    const { data } = await octokit.rest.issues.updateComment({ owner, repo, comment_id: present.id, body });
    return { id: data.id, body, url: data.html_url };
  });
}

const address = ({ repository, number }: CommentPlace) => ({ owner: repository.owner, repo: repository.name, issue_number: number });

function asked(verb: string, { repository, number }: CommentPlace) {
  const what = `${repositorySlug(repository)}#${number}`;
  return { doing: `${verb} ${what}`, missing: { code: 'issue_not_found', what: `issue ${what}` } } as const;
}
