import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { markedProcesses } from '../../src/process/process-table.ts';
import { eventually } from '../support/cli.ts';
import { atRest, loseHost, twoHosts } from '../support/hosts.ts';
import type { TestHost } from '../support/hosts.ts';

/** Heartbeats, and the server's patience with a paused worker's questions, one after the other. */
const TIMEOUT_MS = 150_000;

/** The commands that agents were given on this host. */
async function commandsOn(host: TestHost, runId: string): Promise<string[]> {
  const prompts = await readdir(join(host.home, 'runs', runId, 'artifacts')).catch(() => []);
  return prompts.flatMap((name) => /^[0-9a-f]{20}-\d+-(.+)\.prompt\.md$/.exec(name)?.[1] ?? []).toSorted();
}

describe('another host', () => {
  test(
    'takes a run over whose host is gone for good in the middle of its tests, and repeats nothing that was finished',
    { timeout: TIMEOUT_MS },
    async () => {
      await using hosts = await twoHosts((slow) => `test: ${slow}\n`);
      const { one, other, slowOnce } = hosts;
      const first = await one.worker();
      const run = await hosts.order();
      await eventually(async () => ((await slowOnce.begun()) === 1 ? true : undefined), 'the tests');
      const before = await one.view(run.id);
      await using _second = await other.worker();
      const lost = performance.now();
      await loseHost(one, first);
      await eventually(async () => ((await slowOnce.begun()) > 1 ? true : undefined), 'the tests on the other host');
      process.stdout.write(`another host works ${((performance.now() - lost) / 1000).toFixed(1)} s after the first was lost\n`);
      const view = await hosts.expectOneEnd(run);
      expect(await commandsOn(other, run.id)).toEqual(['commit-message', 'pull-request', 'review']);
      expect(view.phases.filter(({ attempts }) => attempts > 1)).toEqual([]);
      expect(view.plan).toEqual(before.plan);
      expect(view.costUsd).toBe(before.costUsd);
      const shown = await other.belay(['show', run.id, '--json']);
      expect(JSON.parse(shown.stdout)).toMatchObject({ id: run.id, status: 'completed' });
    },
  );
});

describe('a worker that is paused until another host has its run', () => {
  test('ends its agent when it wakes, and does nothing more', { timeout: TIMEOUT_MS }, async () => {
    await using hosts = await twoHosts(() => 'test: "true"\n');
    const { one, other, slowOnce } = hosts;
    await one.script({ implement: [{ run: `sh slow.sh; echo done > done.txt`, say: 'Done.' }] });
    await using first = await one.worker();
    const run = await hosts.order();
    await eventually(async () => ((await markedProcesses(slowOnce.mark)).length > 0 ? true : undefined), 'the agent');
    first.kill('SIGSTOP');
    await using _second = await other.worker();
    const view = await hosts.expectOneEnd(run, { isPaused: true });
    const pushed = await hosts.github.remote.sha(String(view.branch));
    expect(await markedProcesses(slowOnce.mark)).not.toEqual([]);
    first.kill('SIGCONT');
    await eventually(async () => ((await markedProcesses(slowOnce.mark)).length === 0 ? true : undefined), 'the end of the old agent');
    await atRest(one);
    await hosts.expectOneEnd(run);
    expect(await hosts.github.remote.sha(String(view.branch))).toBe(pushed);
  });

  test('has its push refused when it wakes in the middle of publishing', { timeout: TIMEOUT_MS }, async () => {
    await using hosts = await twoHosts(() => 'test: "true"\n');
    const { one, other, github } = hosts;
    await using first = await one.worker('push-branch:after-intent:SIGSTOP');
    const run = await hosts.order();
    await first.says(/Reached/);
    await using _second = await other.worker();
    const view = await hosts.expectOneEnd(run, { isPaused: true });
    const pushed = await github.remote.sha(String(view.branch));
    first.kill('SIGCONT');
    await atRest(one);
    await hosts.expectOneEnd(run);
    expect(await github.remote.sha(String(view.branch))).toBe(pushed);
  });
});
