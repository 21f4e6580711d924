import type { RunView } from '../contracts/run-view.ts';
import { plainLine } from '../contracts/text.ts';
import type { NotifyInput } from '../contracts/work.ts';
import type { Notification } from '../notifications/webhook.ts';
import { needsPerson } from '../texts/needs-person.ts';
import type { Dependencies } from './dependencies.ts';

export function notifyActivities({ ledger, notifier }: Pick<Dependencies, 'ledger' | 'notifier'>) {
  return {
    async notifyPeople({ runId, trouble }: NotifyInput): Promise<void> {
      if (!notifier) return;
      await notifier.send(notificationOf(await ledger.getRun(runId), trouble));
    },
  };
}

function notificationOf(view: RunView, trouble: NotifyInput['trouble']): Notification {
  const { id, workflowId, repository, status, waitingFor, issue } = view;
  const title = plainLine(issue ? `#${issue.key} ${issue.title}` : (view.request ?? ''));
  return {
    event: status === 'parked' ? 'run.parked' : 'run.waiting',
    text: [`Belay, ${repository}: ${title}`, ...needsPerson(view)].join('\n'),
    run: { id, workflowId, repository, title, status, ...(waitingFor ? { waitingFor } : {}), ...(issue ? { url: issue.url } : {}) },
    ...(trouble ? { cause: { code: trouble.code, message: trouble.message, ...(trouble.hint ? { hint: trouble.hint } : {}) } } : {}),
  };
}
