import { expect, it } from 'vitest';
import { failureOf } from '../../src/activities/failures.ts';
import { BelayError } from '../../src/contracts/errors.ts';
import type { ErrorCode } from '../../src/contracts/errors.ts';

const spent = { name: 'implement', engine: 'scripted', id: 's1', costUsd: 0.5, tokens: 100 } as const;
const detailsOf = (code: ErrorCode): unknown => failureOf(new BelayError({ code, message: 'It failed.' }), spent);

it('a failed turn says what it has cost; one that is played again leaves that to the next', () => {
  expect(detailsOf('engine_crashed')).toMatchObject({ details: [{ spent }] });
  expect(detailsOf('lease_lost')).toMatchObject({ type: 'lease_lost', details: [{}] });
  expect(detailsOf('lease_lost')).not.toMatchObject({ details: [{ spent }] });
});
