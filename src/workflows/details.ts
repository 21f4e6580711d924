import type { RunView } from '../contracts/run-view.ts';

/** The run's current details for the Temporal Web UI, as Markdown. */
export function detailsOf(view: RunView): string {
  const { issue, plan, pullRequest } = view;
  const lines = [
    `**${view.status}**${view.currentStep ? ` · ${view.currentStep}` : ''} · run \`${view.id}\` · $${view.costUsd.toFixed(4)}`,
    issue ? `Issue ${issue.repository}#${issue.key}: ${issue.title}` : `Request: ${view.request ?? ''}`.slice(0, 200),
    ...(view.branch ? [`Branch \`${view.branch}\``] : []),
    ...(plan ? [`Plan: artifact \`${plan.artifactId}\``] : []),
    ...(pullRequest ? [`Pull request #${pullRequest.number}: ${pullRequest.url}`] : []),
    ...view.errors.slice(-1).map((error) => `**${error.code}**: ${error.message}`),
    '',
    ...view.phases.map((phase) => `- ${phase.name}: ${phase.status}${phase.summary ? ` · ${phase.summary}` : ''}`),
  ];
  return lines.join('\n\n').replaceAll('\n\n- ', '\n- ');
}
