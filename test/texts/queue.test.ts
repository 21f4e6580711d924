import { describe, expect, it } from 'vitest';
import type { Priority } from '../../src/contracts/constants.ts';
import type { HostRecord } from '../../src/contracts/records.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import { isSamePlace, queuePlaces, queueWords } from '../../src/texts/queue.ts';

const NOW = Date.parse('2026-11-20T10:00:00Z');

let made = 0;
function run(triggeredBy: string, more: Partial<RunView> & { priority?: Priority } = {}): RunView {
  const { priority, ...rest } = more;
  const minute = String(made++ % 60).padStart(2, '0');
  return {
    id: `run${made}`,
    workflowId: 'local:acme/shop#1',
    version: 1,
    pipeline: 'sdlc',
    status: 'pending',
    repository: 'acme/shop',
    engine: 'claude',
    phases: [],
    costUsd: 0,
    errors: [],
    triggeredBy,
    createdAt: `2026-11-20T09:${minute}:00Z`,
    ...(priority ? { requested: { priority } } : {}),
    ...rest,
  };
}

const host = (more: Partial<HostRecord> = {}): HostRecord => ({
  id: 'h',
  name: 'box',
  at: new Date(NOW - 5000).toISOString(),
  slots: 4,
  held: 4,
  runs: [],
  obstacle: '4 of 4 workspaces are taken',
  memory: { usedBytes: 1, totalBytes: 2 },
  ...more,
});

const order = (runs: RunView[]): string[] => [...queuePlaces(runs, [host()], NOW).keys()];

describe('the queue of runs that wait for a workspace', () => {
  it('takes those in turn that different people have started, the oldest first', () => {
    const [a1, a2, a3] = [run('ada'), run('ada'), run('ada')];
    const [b1, b2] = [run('bob'), run('bob')];
    expect(order([b2, a3, b1, a2, a1])).toEqual([a1.id, b1.id, a2.id, b2.id, a3.id]);
  });

  it('has priorities come first, of whoever asked or of the labels', () => {
    const usual = run('ada');
    const last = run('bob', { priority: 5 });
    const first = run('ada', { priority: 1 });
    const labelled = run('ada', { labelled: { priority: 2 } });
    expect(order([usual, last, first, labelled])).toEqual([first.id, labelled.id, usual.id, last.id]);
  });

  it('holds only those that have no workspace and want one', () => {
    const back = run('ada', { status: 'waiting', waitingFor: 'workspace' });
    const asleep = run('ada', { status: 'waiting', waitingFor: 'workspace', waitingUntil: '2026-11-20T10:01:00Z' });
    expect(order([back, asleep, run('ada', { status: 'waiting', waitingFor: 'approval' }), run('ada', { status: 'running' })])).toEqual([
      back.id,
    ]);
  });

  it('leaves out whose workspace is being prepared', () => {
    const [prepared, waits] = [run('ada'), run('ada')];
    const places = queuePlaces([prepared, waits], [host({ runs: [prepared.id] })], NOW);
    expect([...places]).toEqual([[waits.id, { position: 1, of: 1, why: '4 of 4 workspaces are taken' }]]);
  });

  it('is in the same place while only the memory in use changes', () => {
    const place = { position: 1, of: 2, why: 'box has 9.0 of 10.0 GiB of memory in use' };
    expect(isSamePlace(place, { ...place, why: 'box has 9.3 of 10.0 GiB of memory in use' })).toBe(true);
    expect(isSamePlace(place, { ...place, of: 3 })).toBe(false);
    expect(isSamePlace(place, { ...place, why: '4 of 4 workspaces are taken' })).toBe(false);
    expect(isSamePlace(place, undefined)).toBe(false);
  });

  it('says why', () => {
    const waiting = run('ada');
    const said = (hosts: HostRecord[]): string => {
      const place = queuePlaces([waiting], hosts, NOW).get(waiting.id);
      return place ? queueWords(place) : 'nothing';
    };
    expect(said([host()])).toBe('waits for a workspace, about number 1 of 1: 4 of 4 workspaces are taken');
    expect(said([host({ obstacle: 'box has 9.0 of 10.0 GiB of memory in use.' })])).toBe(
      'waits for a workspace, about number 1 of 1: box has 9.0 of 10.0 GiB of memory in use',
    );
    expect(said([host(), host({ id: 'i', name: 'bax', obstacle: '1 of 1 workspaces are taken' })])).toContain(
      'box: 4 of 4 workspaces are taken; bax: 1 of 1 workspaces are taken',
    );
    const { obstacle: _none, ...free } = host();
    expect(said([free])).toContain('box has room and takes it up');
    const gone = new Date(NOW - 120_000).toISOString();
    expect(said([host({ at: gone })])).toContain('no worker is running here');
    expect(said([])).toContain('no worker is running here');
  });
});
