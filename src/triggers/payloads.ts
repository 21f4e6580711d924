import { z } from 'zod';

/** Only what is read of GitHub's payloads: the rest is GitHub's to change. */

const account = z.object({ id: z.int(), login: z.string().min(1), type: z.string() });
const repository = z.object({ full_name: z.string().regex(/^[\w.-]+\/[\w.-]+$/), fork: z.boolean() });
const issue = z.object({
  number: z.int().positive(),
  labels: z.array(z.object({ name: z.string() })).optional(),
  /** The conversation of a pull request is an issue too. */
  pull_request: z.unknown().optional(),
});
const shared = { action: z.string(), repository, sender: account };

export const issuesPayload = z.object({
  ...shared,
  issue,
  label: z.object({ name: z.string() }).optional(),
  assignee: z.object({ id: z.int() }).nullish(),
});

export const issueCommentPayload = z.object({
  ...shared,
  issue,
  comment: z.object({ body: z.string(), user: account, created_at: z.iso.datetime({ offset: true }) }),
});

/** What every event of a repository says, for the list of deliveries. */
export const anyPayload = z.looseObject({
  action: z.string().optional(),
  repository: z.object({ full_name: z.string() }).optional(),
});

export type Account = z.output<typeof account>;
export type IssuesPayload = z.output<typeof issuesPayload>;
export type IssueCommentPayload = z.output<typeof issueCommentPayload>;
