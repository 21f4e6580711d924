import { InvalidArgumentError } from 'commander';
import { APPROVALS, PRIORITIES } from '../contracts/constants.ts';
import type { ApprovalName, Priority } from '../contracts/constants.ts';

/** What options take, checked. */

/** Given once, with commas, or several times. */
export function approvals(text: string, before: ApprovalName[] = []): ApprovalName[] {
  const given = text.split(',').map((each) => each.trim());
  const known = APPROVALS.filter((name) => given.includes(name));
  if (given.some((each) => !APPROVALS.some((name) => name === each)))
    throw new InvalidArgumentError(`It is one of ${APPROVALS.join(', ')}, or several with commas between.`);
  return [...new Set([...before, ...known])];
}

export function dollars(text: string): number {
  const usd = Number(text.replace(/^\$/, ''));
  if (Number.isFinite(usd) && usd > 0) return usd;
  throw new InvalidArgumentError('A budget is an amount in US dollars above 0, such as 5 or 0.50.');
}

export function priority(text: string): Priority {
  const known = PRIORITIES.find((each) => String(each) === text);
  if (known) return known;
  throw new InvalidArgumentError('A priority is a whole number from 1 (first) to 5.');
}

export function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('It is a whole number above 0.');
}

/** Given several times, or once with commas. */
export function repositories(text: string, before: string[] = []): string[] {
  const given = text.split(',').map((each) => each.trim().toLowerCase());
  if (given.some((slug) => !/^[a-z\d][\w.-]*\/[\w.-]+$/.test(slug)))
    throw new InvalidArgumentError('It is the name of a repository, as owner/name.');
  return [...new Set([...before, ...given])];
}
