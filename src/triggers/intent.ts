import type { RepositoryRef } from '../contracts/repository.ts';
import { isOurs } from '../github/limits.ts';
import { commandIn } from './comment-command.ts';
import type { CommentCommand } from './comment-command.ts';
import { issueCommentPayload, issuesPayload } from './payloads.ts';
import type { Account, IssueCommentPayload, IssuesPayload } from './payloads.ts';

/** What an event is about, and who did it. */
export interface Subject {
  repository: RepositoryRef;
  isFork: boolean;
  issueKey: string;
  actor: Account;
}

/** What an event asks of Belay; nothing is decided yet about who may. */
export type Intent =
  /** `assigneeId`: because the issue was assigned to this account. Otherwise by its label. */
  | ({ kind: 'start'; assigneeId?: number } & Subject)
  | ({ kind: 'command'; command: CommentCommand; writtenAt: string } & Subject)
  | ({ kind: 'closed' } & Subject)
  | { kind: 'ignored'; reason: string };

export interface EventRequest {
  /** As in `X-GitHub-Event`. */
  event: string;
  /** As it was delivered: not yet known to be of any form. */
  payload: unknown;
  /** The one that asks for a run. */
  label: string;
}

type Route = (payload: unknown, label: string) => Intent;

const ignored = (reason: string): Intent => ({ kind: 'ignored', reason });

/** Events that GitHub is asked for and nothing follows yet: they are kept, so that whoever does can look back. */
const unhandled: Route = () => ignored('nothing follows this event');

const ROUTES = new Map<string, Route>([
  ['issues', (payload, label) => parsed(issuesPayload.safeParse(payload), (issues) => ofIssue(issues, label))],
  ['issue_comment', (payload) => parsed(issueCommentPayload.safeParse(payload), ofComment)],
  ['pull_request', unhandled],
  ['pull_request_review', unhandled],
  ['pull_request_review_comment', unhandled],
  ['check_run', unhandled],
  ['check_suite', unhandled],
  ['push', unhandled],
  ['ping', () => ignored('GitHub asks whether somebody is there')],
]);

/** What an event of GitHub asks for. Never throws, whatever the payload is. */
export function intentOf({ event, payload, label }: EventRequest): Intent {
  const route = ROUTES.get(event);
  return route ? route(payload, label) : ignored('the event is not known');
}

type Parsed<Payload> = { success: true; data: Payload } | { success: false };

const parsed = <Payload>(result: Parsed<Payload>, read: (payload: Payload) => Intent): Intent =>
  result.success ? read(result.data) : ignored('the payload has not the form that its event has');

function ofIssue(payload: IssuesPayload, label: string): Intent {
  const { action, issue, assignee } = payload;
  if (issue.pull_request != null) return ignored('it is about a pull request');
  const subject = subjectOf(payload);
  switch (action) {
    case 'opened':
    case 'reopened':
      return hasLabel(issue.labels, label) ? { kind: 'start', ...subject } : ignored(`the issue has not the label ${label}`);
    case 'labeled':
      return isSame(payload.label?.name, label) ? { kind: 'start', ...subject } : ignored(`it is not the label ${label}`);
    case 'assigned':
      return assignee ? { kind: 'start', assigneeId: assignee.id, ...subject } : ignored('nobody is assigned');
    case 'closed':
      return { kind: 'closed', ...subject };
    case 'edited':
      return ignored('a run reads its issue by itself');
    default:
      return ignored(`nothing follows this action`);
  }
}

function ofComment(payload: IssueCommentPayload): Intent {
  const { action, issue, comment } = payload;
  // What is mended afterwards was followed already, or is no command.
  if (action !== 'created') return ignored('only new comments are read');
  if (issue.pull_request != null) return ignored('commands are read on issues');
  if (isOurs(comment.body)) return ignored('Belay wrote it');
  const command = commandIn(comment.body);
  if (!command) return ignored('the comment has no command');
  // Who wrote it is asked for their rights, not who had it sent.
  return { kind: 'command', command, writtenAt: comment.created_at, ...subjectOf(payload), actor: comment.user };
}

function subjectOf({ repository, issue, sender }: IssuesPayload | IssueCommentPayload): Subject {
  const [owner = '', name = ''] = repository.full_name.toLowerCase().split('/');
  return {
    repository: { forge: 'github', owner, name },
    isFork: repository.fork,
    issueKey: String(issue.number),
    actor: sender,
  };
}

const hasLabel = (labels: IssuesPayload['issue']['labels'], wanted: string): boolean =>
  labels?.some(({ name }) => isSame(name, wanted)) ?? false;

/** GitHub does not tell labels apart by their case. */
const isSame = (name: string | undefined, wanted: string): boolean => name?.toLowerCase() === wanted.toLowerCase();
