import type { Issue } from '../contracts/repository.ts';

/** An issue as prompts show it. */
export function issueText({ key, title, labels, body }: Issue): string {
  return [`# #${key}: ${title}`, ...(labels.length > 0 ? [`Labels: ${labels.join(', ')}`] : []), body.trim()].filter(Boolean).join('\n\n');
}
