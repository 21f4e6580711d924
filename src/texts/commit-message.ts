import { plainText } from '../contracts/text.ts';
import { inert } from './inert.ts';

const TYPES: Record<string, string> = { feature: 'feat', bug: 'fix', chore: 'chore' };
const CONVENTIONAL = /^(feat|fix|chore|docs|refactor|test|perf|build|ci|style|revert)(\([\w./-]+\))?!?: \S/;
const MAX_SUBJECT = 72;

interface CommitMessage {
  /** What the agent proposes. */
  proposed?: string;
  issueClass?: string;
  title: string;
  issueKey?: string;
  runId: string;
}

/** A conventional commit message: the agent's where it is one, else one made from the issue's title. */
export function commitMessage({ proposed, issueClass, title, issueKey, runId }: CommitMessage): string {
  const text = inert(plainText(proposed ?? ''))
    .replace(/^```\w*\n|\n```\s*$/g, '')
    .trim();
  const subject = text.split('\n', 1)[0]?.trim() ?? '';
  const usable = CONVENTIONAL.test(subject) && subject.length <= MAX_SUBJECT;
  const body = usable ? text.slice(subject.length).trim() : '';
  const trailers = [...(issueKey ? [`Closes #${issueKey}`] : []), `Belay-Run: ${runId}`];
  return `${[usable ? subject : plain(issueClass, inert(title)), ...(body ? [body] : []), trailers.join('\n')].join('\n\n')}\n`;
}

function plain(issueClass: string | undefined, title: string): string {
  const subject = `${TYPES[issueClass ?? 'chore'] ?? 'chore'}: ${title.charAt(0).toLowerCase()}${title.slice(1)}`;
  return subject.length <= MAX_SUBJECT ? subject : `${subject.slice(0, MAX_SUBJECT - 1).trimEnd()}…`;
}
