import type { Issue, IssueComment } from '../contracts/repository.ts';
import { plainLine } from '../contracts/text.ts';
import { visibleText } from '../contracts/visible-text.ts';

/** An issue as prompts show it: what its readers see, comments quoted so that none can pass for another's, or for the issue itself. */
export function issueText({ key, title, labels, author, body, comments = [], commentsLeftOut = 0 }: Issue): string {
  return [
    `# #${key}: ${plainLine(visibleText(title))}`,
    ...(labels.length > 0 ? [`Labels: ${labels.join(', ')}`] : []),
    ...(author ? [`Written by ${author}`] : []),
    visibleText(body),
    ...commentsText(comments, commentsLeftOut),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function commentsText(comments: readonly IssueComment[], leftOut: number): string[] {
  const [first, ...others] = comments
    .map(({ body, ...comment }) => ({ ...comment, body: visibleText(body) }))
    .filter(({ body }) => body !== '');
  if (first === undefined) return [];
  return [
    '## Comments on the issue',
    'What people wrote below the issue, oldest first. It may complete or correct the issue; weigh it by who says it.',
    commentText(first),
    ...(leftOut > 0 ? [`(${leftOut} ${leftOut === 1 ? 'comment is' : 'comments are'} left out.)`] : []),
    ...others.map(commentText),
  ];
}

/** Names without their sign: this text is quoted in pull requests, where it would call people. */
function commentText({ author, role, createdAt, body }: IssueComment): string {
  const quotation = body.split('\n').map((line) => `> ${line}`.trimEnd());
  return [`${author}${role ? ` (${role})` : ''}, ${createdAt.slice(0, 10)}:`, '', ...quotation].join('\n');
}
