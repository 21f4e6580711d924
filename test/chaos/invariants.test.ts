import { expect, test } from 'vitest';
import { violationsOf } from '../../chaos/invariants.ts';
import type { InvariantName } from '../../chaos/invariants.ts';
import type { Findings, RunFact } from '../../chaos/oracles/findings.ts';
import { createRandom } from '../../chaos/random.ts';

const HEAD = 'a'.repeat(40);
const EPOCH_REF = 'refs/belay/run00001/epoch';
const BRANCH = 'belay/bug-1-run00001';
const order = { issue: 1, runId: 'run00001', workflowId: 'github:acme/shop#1', expected: 'pull_request', acceptedAt: 0 } as const;
const pull = { number: 2, state: 'open', branch: BRANCH, headSha: HEAD, body: 'Closes #1' };
const parked = { temporal: 'RUNNING', belay: 'parked', events: 40 };

const RUN: RunFact = {
  order,
  standing: { temporal: 'COMPLETED', belay: 'completed', events: 110 },
  end: 'COMPLETED',
  outcome: 'pull_request',
  grants: [
    { epoch: 1, boot: 'boot-a', at: 1000 },
    { epoch: 2, boot: 'boot-b', at: 2000 },
  ],
  asked: new Set([1, 2, 3]),
  actors: ['ada'],
  checkedTrees: new Set(['tree']),
  executions: [],
  pulls: [pull],
  comments: ['Done.\n\n<!-- belay progress -->'],
};

/** Nothing is wrong with this. */
const FINDINGS: Findings = {
  runs: [RUN],
  pushes: [{ at: 3000, by: 'b1', from: '', to: HEAD, ref: `refs/heads/${BRANCH}` }],
  heads: [{ branch: BRANCH, runId: order.runId, sha: HEAD, tree: 'tree', reflog: [{ by: 'b1', to: HEAD }] }],
  labels: new Map([
    ['boot-a', 'a1'],
    ['boot-b', 'b1'],
  ]),
  overlaps: [],
  contended: [],
  leaks: [],
  leftovers: { agents: [], workspaces: [], attempts: [], ports: [], refs: [] },
  remains: [],
  stuck: [],
};

const withRun = (changes: Partial<RunFact>): Partial<Findings> => ({ runs: [{ ...RUN, ...changes }] });
const [head] = FINDINGS.heads;
const [push] = FINDINGS.pushes;
if (!head || !push) throw new Error('There is nothing to change.');

const BROKEN: [InvariantName, string, Partial<Findings>][] = [
  ['I1', 'two agents at once', { overlaps: [{ run: order.runId, at: 0, pids: [1, 2] }] }],
  ['I1', 'a lock that was taken', { contended: [`overlap ${order.runId} 0`] }],
  ['I2', 'two open pull requests', withRun({ pulls: [pull, { ...pull, number: 3 }] })],
  ['I2', 'two living comments', withRun({ comments: [...RUN.comments, ...RUN.comments] })],
  ['I3', 'a run that is still at work', { runs: [{ ...omit(RUN, 'end', 'outcome'), standing: { ...parked, belay: 'running' } }] }],
  ['I3', 'a pull request that the forge has not', withRun({ pulls: [] })],
  ['I3', 'a run that should not have parked', { runs: [{ ...omit(RUN, 'end', 'outcome'), standing: parked }] }],
  ['I4', 'a push of the host that had the run before', { pushes: [{ ...push, by: 'a1' }] }],
  ['I4', 'an epoch ref that goes back to an older lease', { pushes: [{ ...push, by: 'a1', ref: EPOCH_REF, epoch: 1 }] }],
  ['I4', 'an epoch ref of a lease that nobody asked for', { pushes: [{ ...push, by: 'a1', ref: EPOCH_REF, epoch: 4 }] }],
  ['I5', 'a token that an agent read', { leaks: [`${order.runId}: GITHUB_TOKEN=x`] }],
  ['I6', 'a tree that nobody checked', { heads: [{ ...head, tree: 'another' }] }],
  ['I6', 'tests that fail in a fresh checkout', { heads: [{ ...head, failing: 'broken' }] }],
  ['I6', 'a pull request that shows another commit', withRun({ pulls: [{ ...pull, headSha: 'b'.repeat(40) }] })],
  ['I7', 'a start by nobody', withRun({ actors: [''] })],
  ['I8', 'a workspace that is left', { leftovers: { ...FINDINGS.leftovers, workspaces: ['/trees/run00001'] } }],
  ['I8', 'a process that is left', { remains: ['1 sleep'] }],
  ['I9', 'a run that stands still', { stuck: [{ order, standing: { ...parked, belay: 'running' }, forMs: 61_000 }] }],
  ['I9', 'a parked run whose issue says nothing', { runs: [{ ...omit(RUN, 'end', 'outcome'), standing: parked, comments: [] }] }],
];

function omit(run: RunFact, ...names: ('end' | 'outcome')[]): RunFact {
  return Object.fromEntries(Object.entries(run).filter(([name]) => !names.some((each) => each === name))) as unknown as RunFact;
}

test('findings of a run that went well violate nothing', () => {
  expect(violationsOf(FINDINGS)).toEqual([]);
});

test.each(BROKEN)('%s is violated by %s', (invariant, _, changes) => {
  expect(violationsOf({ ...FINDINGS, ...changes }).map((each) => each.invariant)).toContain(invariant);
});

test('a host that takes a run over moves its epoch ref before the grant is told, and any worker drops the refs of an ended run', () => {
  const taking = { ...push, at: 1500, ref: EPOCH_REF, epoch: 2 };
  const dropping = { ...push, at: 3500, by: 'a1', to: '0'.repeat(40), ref: EPOCH_REF };
  expect(violationsOf({ ...FINDINGS, pushes: [taking, dropping] })).toEqual([]);
});

test('a host that is killed between its taking and the grant has written nothing stale', () => {
  expect(violationsOf({ ...FINDINGS, pushes: [{ ...push, by: 'a1', ref: EPOCH_REF, epoch: 3 }] })).toEqual([]);
});

test('the same seed draws the same, and what one part draws changes nothing for another', () => {
  const draw = (seed: string): number[] => [createRandom(seed).next(), createRandom(seed).between(1, 1000)];
  expect(draw('7')).toEqual(draw('7'));
  expect(draw('7')).not.toEqual(draw('8'));
  const [one, other] = [createRandom('7'), createRandom('7')];
  one.fork('agent').next();
  expect(one.fork('faults').next()).toBe(other.fork('faults').next());
  expect(one.shuffled([1, 2, 3, 4, 5]).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
});
