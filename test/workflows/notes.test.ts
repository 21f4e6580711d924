import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRunFiles } from '../../src/run-files/run-files.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay();
});
afterAll(() => belay[Symbol.asyncDispose]());

const PLAN = '# Plan\n\nWrite it down.\n\n## Notes on the codebase\n\nThe till rings twice; ```not code```.\n';

/** What an agent of the run was asked. */
async function promptOf(runId: string, command: string): Promise<string> {
  const found = (await belay.ledger.listArtifacts(runId)).find(
    ({ kind, name }) => kind === 'prompt' && name.endsWith(`-${command}.prompt.md`),
  );
  if (!found) throw new Error(`Run ${runId} has no prompt of ${command}.`);
  return createRunFiles({ home: belay.home }).readArtifact(found);
}

describe('notes on the codebase', () => {
  it('go from the plan to later phases and to later runs, with their age, and are no part of the plan', async () => {
    const project = await belay.project({ script: { plan: [{ say: PLAN }] } });
    const first = await project.run({ target: 'Do one thing.' });
    const view = await first.closed();
    expect(view).toMatchObject({ status: 'completed' });
    expect(await promptOf(first.id, 'plan')).not.toContain('The till rings twice');
    const plan = await belay.ledger.getArtifact(view.plan?.artifactId ?? '');
    expect(plan && (await createRunFiles({ home: belay.home }).readArtifact(plan))).toBe('# Plan\n\nWrite it down.');
    const implement = await promptOf(first.id, 'implement');
    expect(implement.match(/The till rings twice/g)).toHaveLength(1);
    expect(implement).toContain(`An agent wrote them at ${view.baseSha?.slice(0, 12)}, the present base.`);
    expect(await promptOf(first.id, 'commit-message')).not.toContain('The till rings twice');

    await project.commit({ 'other.txt': 'something else\n' });
    const second = await project.run({ target: 'Do another thing.', pipeline: 'plan' });
    await second.closed();
    const asked = await promptOf(second.id, 'plan');
    expect(asked).toContain(`An agent wrote them at ${view.baseSha?.slice(0, 12)}, 1 commit before the present base.`);
    expect(asked).toContain('````notes\nThe till rings twice; ```not code```.\n````');
  });

  it('are not kept where the repository does not want them', async () => {
    const project = await belay.project({
      files: { '.belay.yml': 'notes: false\ntest: exit 0\n' },
      script: { plan: [{ say: PLAN }] },
    });
    const run = await project.run();
    expect(await run.closed()).toMatchObject({ status: 'completed' });
    expect(await promptOf(run.id, 'implement')).not.toContain('The till rings twice');
  });

  it('of another branch are not shown', async () => {
    const project = await belay.project({ script: { plan: [{ say: PLAN }] } });
    await project.git('branch', 'side');
    await project.commit({ 'other.txt': 'something else\n' });
    await (await project.run({ pipeline: 'plan', target: 'Do one thing.' })).closed();
    const side = await project.run({ pipeline: 'plan', base: 'side', target: 'Do another thing.' });
    expect(await side.closed()).toMatchObject({ status: 'completed' });
    expect(await promptOf(side.id, 'plan')).not.toContain('The till rings twice');
  });
});
