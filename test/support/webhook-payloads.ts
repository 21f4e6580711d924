/** What is read of GitHub's payloads, as they come for issue #12 of acme/shop by a person called ada. */

interface Base {
  action?: string;
  number?: number;
  repository?: string;
  fork?: boolean;
  sender?: { id: number; login: string; type: string };
  /** The issue is a pull request's. */
  pull?: boolean;
  labels?: string[];
}

const ADA = { id: 7, login: 'ada', type: 'User' };

function shared({ number = 12, repository = 'acme/shop', fork = false, sender = ADA, pull = false, labels = [] }: Base) {
  return {
    issue: { number, labels: labels.map((name) => ({ name })), ...(pull ? { pull_request: {} } : {}) },
    repository: { full_name: repository, fork },
    sender,
  };
}

/** An `issues` event. */
export function issueEvent({ label, assigneeId, action = 'labeled', ...base }: Base & { label?: string; assigneeId?: number }) {
  return {
    action,
    ...shared(base),
    ...(label === undefined ? {} : { label: { name: label } }),
    ...(assigneeId === undefined ? {} : { assignee: { id: assigneeId } }),
  };
}

interface Comment extends Base {
  body: string;
  /** Now, unless given. */
  writtenAt?: string;
}

/** An `issue_comment` event. */
export function commentEvent({ body, action = 'created', writtenAt = new Date().toISOString(), ...base }: Comment) {
  const event = shared(base);
  return { action, ...event, comment: { body, user: event.sender, created_at: writtenAt } };
}
