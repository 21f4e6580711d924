import { within } from '../until.ts';
import { PLACE } from '../stage/forge.ts';
import type { StageForge } from '../stage/forge.ts';

export interface PullFact {
  number: number;
  state: string;
  branch: string;
  headSha: string;
  body: string;
}

/** What the forge itself says, asked as a person asks it. */
export async function pullsOn({ person }: StageForge): Promise<PullFact[]> {
  const { data } = await person.rest.pulls.list({ ...PLACE, state: 'all', per_page: 100 });
  return data.map(({ number, state, head, body }) => ({ number, state, branch: head.ref, headSha: head.sha, body: body ?? '' }));
}

export async function commentsOn({ person }: StageForge, issue: number): Promise<string[]> {
  const { data } = await person.rest.issues.listComments({ ...PLACE, issue_number: issue, per_page: 100 });
  return data.map(({ body }) => body ?? '');
}

/** Why a run is parked, as its issue tells people. */
export async function causeOn(forge: StageForge, issue: number): Promise<string> {
  // It is told right after the run has parked.
  const told = await within({ ms: 20_000, pollMs: 500 }, async () => causeIn(await commentsOn(forge, issue)));
  return told ?? 'its issue says nothing';
}

export const causeIn = (comments: readonly string[]): string | undefined =>
  comments.map((body) => /\*\*[a-z_]+\*\*: .*/.exec(body)?.[0]).findLast((cause) => cause !== undefined);
