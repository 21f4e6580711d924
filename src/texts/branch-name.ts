import { slug } from '../contracts/text.ts';

/** `belay/<class>-<issue>-<slug>-<run id>`, and `belay/<slug>-<run id>` for a request. */
export function branchName({
  issueClass,
  issueKey,
  title,
  runId,
}: {
  issueClass?: string;
  issueKey?: string;
  title: string;
  runId: string;
}): string {
  const parts = issueKey === undefined ? [] : [issueClass ?? 'issue', slug(issueKey)];
  return `belay/${[...parts, slug(title), runId].join('-')}`;
}
