import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import type { WaitLimits } from '../../src/contracts/run-input.ts';
import type { HostMemory } from '../../src/process/host-memory.ts';
import { servingHosts } from '../../src/temporal/serving.ts';
import { startBelay } from '../support/belay.ts';
import { phaseOf } from '../support/belay-run.ts';
import type { TestRun } from '../support/belay-run.ts';

const GIB = 1024 ** 3;
const ROOMY: HostMemory = { totalBytes: 10 * GIB, usedBytes: GIB };
const FULL: HostMemory = { totalBytes: 10 * GIB, usedBytes: 9 * GIB };
const waits: WaitLimits = { keepWorkspaceMs: 60_000, shortestMs: 10, unknownMs: 100, longestMs: 3_600_000, tellMs: 3_600_000 };

/** The most that had a workspace at the same time. */
function mostAtOnce(views: readonly RunView[]): number {
  const begun = views.map(({ startedAt = '' }) => startedAt);
  return Math.max(...begun.map((at) => views.filter(({ startedAt = '', completedAt = '' }) => startedAt <= at && at < completedAt).length));
}

describe('40 runs on 4 slots', () => {
  it('all end, no more than 4 at once, the urgent one first, and one person’s many do not hold up another’s few', async () => {
    await using belay = await startBelay({ BELAY_MAX_WORKSPACES: '4' });
    // All of them wait before any is begun.
    await belay.stopWorker();
    const [crowd, few] = [await belay.project(), await belay.project()];
    const runs: { by: string; run: TestRun }[] = [];
    const order = async (project: typeof crowd, count: number, options: Parameters<typeof crowd.run>[0] & { triggeredBy: string }) => {
      for (let at = 0; at < count; at++)
        runs.push({
          by: options.triggeredBy,
          run: await project.run({ pipeline: 'planBuild', target: `Note number ${runs.length}`, ...options }),
        });
    };
    await order(crowd, 35, { triggeredBy: 'ada' });
    await order(few, 4, { triggeredBy: 'bob' });
    await order(crowd, 1, { triggeredBy: 'eve', priority: 1 });
    await belay.startWorker();
    const views = await Promise.all(runs.map(({ run }) => run.closed()));
    expect(views.map(({ status }) => status)).toEqual(views.map(() => 'completed'));
    expect(mostAtOnce(views)).toBeLessThanOrEqual(4);
    const begun = runs.map(({ by }, index) => ({ by, at: views[index]?.startedAt ?? '' })).toSorted((a, b) => a.at.localeCompare(b.at));
    const places = (who: string): number[] => begun.flatMap(({ by }, place) => (by === who ? [place] : []));
    // The first four are whichever were there when the slots were free.
    expect(places('eve')[0]).toBeLessThan(8);
    // Bob's and Ada's in turn, whoever came first; without turns his would be the last.
    expect(Math.max(...places('bob'))).toBeLessThan(20);
  });
});

describe('a machine that runs short of memory', () => {
  it('has the newest run give its workspace back; it goes on with what it had done, and no attempt is burnt', async () => {
    let now = ROOMY;
    // Another engine would have no more memory.
    await using belay = await startBelay({ BELAY_MAX_WORKSPACES: '2', BELAY_FAILOVER: 'claude' }, { readHost: () => now });
    const gate = join(belay.home, 'gate');
    const work = `touch seen.md; cat half.md >> seen.md; echo half > half.md; until test -e ${gate}; do sleep 0.05; done`;
    const open = () => belay.project({ waits, script: { implement: [{ run: work, say: 'Done.' }] } });
    const [elder, younger] = [await open(), await open()];
    const first = await elder.run();
    await first.working('implement');
    const second = await younger.run();
    await second.working('implement');
    now = FULL;
    const waiting = await second.until(({ status, waitingMessage }) => status === 'waiting' && waitingMessage !== undefined);
    expect(waiting).toMatchObject({ waitingFor: 'workspace', errors: [] });
    expect(waiting.waitingMessage).toContain('9.0 of 10.0 GiB of memory in use');
    expect(waiting).not.toHaveProperty('workspace');
    expect(await first.view()).toMatchObject({ status: 'running' });
    await writeFile(gate, '');
    expect(await first.closed()).toMatchObject({ status: 'completed' });
    now = ROOMY;
    const view = await second.closed();
    expect(view).toMatchObject({ status: 'completed', errors: [] });
    expect(phaseOf(view, 'implement').attempts).toBe(1);
    expect(phaseOf(view, 'implement').sessions).toMatchObject([{ engine: 'scripted' }]);
    expect(await younger.git('show', `${view.headSha}:seen.md`)).toBe('half');
    expect(await elder.git('show', `${(await first.view()).headSha}:seen.md`)).toBe('');
  });

  it('takes up no run but the first, until there is memory', async () => {
    let now = ROOMY;
    await using belay = await startBelay({ BELAY_MAX_WORKSPACES: '2' }, { readHost: () => now });
    const gate = join(belay.home, 'gate');
    const script = { implement: [{ run: `until test -e ${gate}; do sleep 0.05; done`, say: 'Done.' }] };
    now = FULL;
    const first = await (await belay.project({ script })).run({ pipeline: 'planBuild' });
    await first.working('implement');
    const second = await (await belay.project({ script })).run({ pipeline: 'planBuild' });
    await expect
      .poll(async () => (await belay.ledger.listHosts())[0], { timeout: 20_000 })
      .toMatchObject({ slots: 2, held: 1, obstacle: expect.stringContaining('9.0 of 10.0 GiB of memory in use') });
    expect(await second.view()).toMatchObject({ status: 'pending' });
    const ids = (await belay.ledger.listHosts()).map(({ id }) => id);
    expect(await servingHosts(belay.client)).toEqual({ deciding: ids, working: ids });
    now = ROOMY;
    await second.working('implement');
    await writeFile(gate, '');
    for (const run of [first, second]) expect(await run.closed()).toMatchObject({ status: 'completed' });
  });
});

describe('a run whose processes take more memory than a workspace may', () => {
  it('is stopped with a clear error and its work kept; with a higher limit it goes on', async () => {
    await using belay = await startBelay({ BELAY_WORKSPACE_MEMORY_MB: '200' });
    const filling = `${process.execPath} -e 'const kept = Buffer.alloc(300 * 1048576, 1); setTimeout(() => console.log(kept.length), 60000)'`;
    const gate = join(belay.home, 'gate');
    await writeFile(gate, '');
    const project = await belay.project({
      script: { implement: [{ run: `echo half >> half.md; test -e ${gate} && ${filling}; true`, say: 'Done.' }] },
    });
    const run = await project.run();
    const parked = await run.parked();
    expect(parked.errors.at(-1)).toMatchObject({
      code: 'workspace_memory_exceeded',
      phase: 'implement',
      message: expect.stringMatching(
        /^The processes of this workspace had \d{3,} MiB of memory together, more than the 200 MiB that they may/,
      ),
      hint: expect.stringContaining('BELAY_WORKSPACE_MEMORY_MB'),
    });
    expect(await project.comment()).toContain('more than the 200 MiB');
    await rm(gate);
    await belay.stopWorker();
    await belay.startWorker({ BELAY_WORKSPACE_MEMORY_MB: '1000' });
    await run.retry();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed' });
    expect(await project.git('show', `${view.headSha}:half.md`)).toBe('half\nhalf');
  });
});
