import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openSpending } from '../../src/activities/spending.ts';
import { playTurn } from '../../src/activities/turn.ts';
import { loadCommand } from '../../src/prompts/prompt.ts';
import { activityHost, leaseOf } from '../support/activity-host.ts';

test('a session that cannot be noted fails its turn once the agent has ended, and nothing else', async () => {
  await using host = await activityHost();
  const { deps } = host;
  const script = join(deps.home, 'script.yml');
  await writeFile(script, JSON.stringify({ plan: [{ delayMs: 300, say: 'A plan.' }] }));
  const step = { lease: leaseOf(1), number: 1, name: 'plan', phase: 'plan', attempt: 1 } as const;
  const unheard: unknown[] = [];
  const note = (error: unknown): void => void unheard.push(error);
  process.prependListener('unhandledRejection', note);
  const turn = playTurn(
    {
      deps,
      input: { step, command: 'plan', values: {}, engine: 'scripted', script, checkpoint: host.base, idleMs: 30_000, totalMs: 30_000 },
      command: loadCommand({ name: 'plan' }),
      cwd: deps.home,
      env: deps.workspaceEnvironment,
      journal: { line() {}, flush: async () => {} },
      signal: new AbortController().signal,
      onSession: () => Promise.reject(new Error('no space left')),
      spending: await openSpending(deps, { runId: step.lease.runId, step: 1 }),
    },
    { prompt: 'Plan.', sessionId: randomUUID() },
  );
  await expect(turn).rejects.toThrow('no space left');
  await sleep(0);
  process.off('unhandledRejection', note);
  expect(unheard).toEqual([]);
});
