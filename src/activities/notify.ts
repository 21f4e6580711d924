import { Context } from '@temporalio/activity';
import type { RunView } from '../contracts/run-view.ts';
import { plainLine } from '../contracts/text.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import type { NotifyInput } from '../contracts/work.ts';
import type { Notification } from '../notifications/webhook.ts';
import { noticeText } from '../texts/notice.ts';
import type { Dependencies } from './dependencies.ts';
import { viewOfRun } from './run-view.ts';

export function notifyActivities(deps: Pick<Dependencies, 'client' | 'ledger' | 'notifier'>) {
  return {
    async notifyPeople(input: NotifyInput): Promise<void> {
      const { notifier } = deps;
      if (!notifier?.events.includes(input.event)) return;
      await notifier.send(notificationOf(await viewOfRun(deps, input), { ...input, id: deliveryId() }));
    },
  };
}

/** The same for every attempt of this activity, and for nothing else. */
function deliveryId(): string {
  const { workflowExecution, activityId } = Context.current().info;
  return `${workflowExecution?.runId}-${activityId}`;
}

/** The view may be of a later moment: what has changed since is told as it was. */
function notificationOf(view: RunView, { id, event, at, status, waitingFor, trouble }: NotifyInput & { id: string }): Notification {
  const { workflowId, pipeline, repository, outcome, issue, pullRequest, triggeredBy, costUsd } = view;
  const title = plainLine(issue ? `#${issue.key} ${issue.title}` : (view.request ?? ''));
  const published = pullRequest && { number: pullRequest.number, url: pullRequest.url };
  const optional = withoutUndefined({ waitingFor, outcome, url: issue?.url, pullRequest: published });
  return {
    id,
    event,
    at,
    text: [`Belay, ${repository}: ${title}`, ...noticeText({ event, view, trouble })].join('\n'),
    run: { id: view.id, workflowId, pipeline, repository, title, status, ...optional, triggeredBy, costUsd },
    ...(trouble ? { cause: { code: trouble.code, message: trouble.message, ...withoutUndefined({ hint: trouble.hint }) } } : {}),
  };
}
