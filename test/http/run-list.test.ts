import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import { startTestApi } from '../support/api.ts';
import type { TestApi } from '../support/api.ts';
import { exampleRun } from '../support/example-run.ts';

const at = (minute: number): string => `2026-11-20T10:${String(minute).padStart(2, '0')}:00.000Z`;
const resources = new AsyncDisposableStack();
let api: TestApi;
beforeAll(async () => {
  api = resources.use(await startTestApi());
});
afterAll(() => resources.disposeAsync());

const read = async (path: string): Promise<unknown> => (await api.call('GET', path)).json;

describe('runs', () => {
  const many: RunView[] = Array.from({ length: 12 }, (_, index) =>
    exampleRun({
      id: `1111aaa${'0123456789bc'.charAt(index)}`,
      workflowId: `local:acme/many#${index}`,
      repository: 'acme/many',
      issue: { tracker: 'local', repository: 'acme/many', key: String(index), title: 'One of many', url: '' },
      status: index % 2 ? 'completed' : 'parked',
      pipeline: index % 3 ? 'sdlc' : 'plan',
      triggeredBy: index < 6 ? 'ada' : 'bob',
      costUsd: index,
      createdAt: at(index),
    }),
  );
  const list = async (query: string): Promise<{ keys: string[]; total: number }> => {
    const { items, total } = (await read(`/api/runs?repository=acme/many&${query}`)) as { items: RunView[]; total: number };
    return { keys: items.map(({ issue }) => issue?.key ?? ''), total };
  };
  beforeAll(() => Promise.all(many.map((run) => api.ledger.recordRun(run))));

  it('are listed by page, the newest first', async () => {
    expect(await list('limit=5')).toEqual({ keys: ['11', '10', '9', '8', '7'], total: 12 });
    expect(await list('limit=5&page=3')).toEqual({ keys: ['1', '0'], total: 12 });
    expect(await list('limit=5&page=4')).toEqual({ keys: [], total: 12 });
  });

  it('are filtered by everything that the list says of them', async () => {
    expect(await list('status=completed&limit=2')).toEqual({ keys: ['11', '9'], total: 6 });
    expect((await list('status=completed,parked')).total).toBe(12);
    expect(await list('pipeline=plan')).toEqual({ keys: ['9', '6', '3', '0'], total: 4 });
    expect(await list('issue=7')).toEqual({ keys: ['7'], total: 1 });
    expect((await list('triggeredBy=bob')).total).toBe(6);
    expect(await list(`from=${at(3)}&to=${at(5)}`)).toEqual({ keys: ['4', '3'], total: 2 });
    expect((await list('sort=costUsd&limit=2')).keys).toEqual(['0', '1']);
    expect((await list('sort=-costUsd&limit=2')).keys).toEqual(['11', '10']);
  });

  it('that are parked have a list of their own', async () => {
    expect(await read('/api/parked?limit=3')).toMatchObject({ total: 6, isExact: true, items: [{ status: 'parked' }, {}, {}] });
  });
});
