import type { WaitingFor } from '../contracts/constants.ts';
import type { RunView } from '../contracts/run-view.ts';
import { plainLine } from '../contracts/text.ts';

const REASONS: Record<WaitingFor, string> = {
  approval: 'a person to approve it',
  usage_limit: 'a usage limit to end',
  rate_limit: 'a rate limit to end',
  breaker: 'what failed several times to recover',
  workspace: 'a free workspace',
};

/** What a run waits for, and until when, in a line; undefined for one that does not wait. */
export function waitingWords({ status, waitingFor, waitingUntil, waitingMessage }: RunView, maxLength = 300): string | undefined {
  if (status !== 'waiting' || !waitingFor) return undefined;
  const until = waitingUntil ? ` until ${waitingUntil.slice(0, 19).replace('T', ' ')} UTC` : '';
  const why = waitingMessage ? `: ${plainLine(waitingMessage, maxLength)}` : '';
  return `waits for ${REASONS[waitingFor]}${until}${why}`;
}

/** Whether a run waits for something that ends by itself, and that `retry` can try again sooner. */
export const isWaitingForTime = ({ status, waitingFor, waitingUntil }: RunView): boolean =>
  status === 'waiting' && waitingFor !== 'approval' && waitingUntil !== undefined;
