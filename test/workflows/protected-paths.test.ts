import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay();
});
afterAll(() => belay[Symbol.asyncDispose]());

describe('protected paths', () => {
  const files = { '.belay.yml': 'protected: [infra/, "*.lock"]\n', 'infra/main.tf': 'one\n', 'infra/old.tf': 'old\n', 'a.lock': '1\n' };

  it('are put back after a turn, and the log and the prompts say so', async () => {
    const project = await belay.project({
      files,
      script: {
        implement: [
          {
            write: { 'infra/main.tf': 'two\n', 'infra/deep/.new': 'new\n', 'a.lock': '2\n', 'notes.md': 'written down\n' },
            run: 'rm infra/old.tf',
          },
        ],
      },
    });
    const run = await project.run();
    const view = await run.closed();
    expect(await project.git('diff', '--name-only', `main..${view.branch}`)).toBe('notes.md');
    expect(await run.log()).toContain(
      'implement changed protected paths, which were put back: a.lock, infra/deep/.new, infra/main.tf, infra/old.tf',
    );
    expect((await run.prompts('implement'))[0]).toContain('- `infra/`\n- `*.lock`');
  });

  it('park the run where nothing else was changed', async () => {
    const project = await belay.project({ files, script: { implement: [{ write: { 'infra/main.tf': 'two\n' } }] } });
    const run = await project.run();
    expect((await run.parked()).errors).toMatchObject([
      { phase: 'implement', code: 'protected_paths_changed', message: expect.stringContaining('infra/main.tf') as string },
    ]);
    await run.cancel();
  });
});
