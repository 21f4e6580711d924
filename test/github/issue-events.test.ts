import { describe, expect, test } from 'vitest';
import { newestRequest } from '../../src/github/issue-events.ts';
import { scriptedGitHub } from '../support/scripted-github.ts';

const EVENTS = 'GET /repos/acme/shop/issues/12/events';
const ADA = { id: 7, login: 'ada', type: 'User' };
const repository = { forge: 'github', owner: 'acme', name: 'shop' } as const;

const labeled = (id: number, name = 'belay', event = 'labeled') => ({
  id,
  event,
  created_at: `2026-11-30T00:00:0${id}Z`,
  label: { name },
  actor: ADA,
});
const assigned = (id: number, to: number, event = 'assigned') => ({
  id,
  event,
  created_at: `2026-11-30T00:00:0${id}Z`,
  assignee: { id: to },
  // As GitHub has it: not who did it.
  actor: { id: to, login: 'belay', type: 'User' },
  assigner: ADA,
});

async function asked(events: object[], assigneeId?: number) {
  await using github = await scriptedGitHub({ [EVENTS]: { json: events } });
  return await newestRequest(github.client(), { repository, issueKey: '12', label: 'Belay', assigneeId });
}

describe('the newest event that asks for a run', () => {
  test.each<[string, object[], number | undefined, string | undefined]>([
    ['is the label', [labeled(1), labeled(2, 'bug')], undefined, 'labeled:1'],
    ['is the label that was set anew', [labeled(1), labeled(2, 'belay', 'unlabeled'), labeled(3)], undefined, 'labeled:3'],
    ['is none when the label was taken away', [labeled(1), labeled(2, 'belay', 'unlabeled')], undefined, undefined],
    ['is what the issue was opened with, where nothing is known', [labeled(1, 'bug'), { id: 2, event: 'renamed' }], undefined, 'opened'],
    ['is the assignment to Belay', [labeled(1), assigned(2, 5)], 5, 'assigned:2'],
    ['is not the assignment to somebody else', [labeled(1), assigned(2, 6)], 5, 'labeled:1'],
    ['is the label again when the assignment was taken back', [labeled(1), assigned(2, 5), assigned(3, 5, 'unassigned')], 5, 'labeled:1'],
  ])('%s', async (_, events, assigneeId, event) => {
    expect((await asked(events, assigneeId))?.event).toBe(event);
  });

  test('says when, and who', async () => {
    expect(await asked([labeled(1)])).toEqual({ event: 'labeled:1', at: '2026-11-30T00:00:01Z', actor: ADA });
  });

  test('is of who assigned, not of who was assigned; without them nobody is taken for it', async () => {
    expect(await asked([assigned(2, 5)], 5)).toEqual({ event: 'assigned:2', at: '2026-11-30T00:00:02Z', actor: ADA });
    const { assigner: _assigner, ...without } = assigned(2, 5);
    expect(await asked([without], 5)).toEqual({ event: 'assigned:2', at: '2026-11-30T00:00:02Z' });
  });

  test('is looked for on all pages', async () => {
    const pages = [{ json: [labeled(1)] }, { json: [labeled(2)] }];
    await using github = await scriptedGitHub({ [EVENTS]: pages });
    Object.assign(pages[0] ?? {}, { headers: { link: `<${github.url}/repos/acme/shop/issues/12/events?page=2>; rel="next"` } });
    expect((await newestRequest(github.client(), { repository, issueKey: '12', label: 'belay' }))?.event).toBe('labeled:2');
  });
});
