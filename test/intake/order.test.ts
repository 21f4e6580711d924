import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openContext } from '../../src/cli/context.ts';
import { intakeOf } from '../../src/compose-intake.ts';
import { takeOrder } from '../../src/intake/order.ts';
import type { Order, Request } from '../../src/intake/order.ts';
import { parseTarget } from '../../src/intake/target.ts';
import type { Files } from '../support/git-remote.ts';
import { userProject } from '../support/project.ts';
import type { Project } from '../support/project.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

interface Asker extends AsyncDisposable {
  project: Project;
  ask(target?: string, request?: Partial<Request>): Promise<Order>;
}

const nothing = (): void => {};
const terminal = { live: false, piped: true, out: nothing, note: nothing, exact: nothing };

/** A person in their clone, with an issue that carries these labels. */
async function asker(files: Files, labels: string[] = []): Promise<Asker> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const context = stack.use(await openContext({ env: { BELAY_HOME: join(path, 'home'), BELAY_ENGINE: 'scripted' }, terminal }));
  const project = await userProject(path, { files });
  await writeFile(project.issue, `---\nlabels: [${labels.join(', ')}]\n---\n${await readFile(project.issue, 'utf8')}`);
  const kept = stack.move();
  return {
    project,
    ask: async (target = project.issue, request = {}) =>
      takeOrder(intakeOf(context), {
        target: await parseTarget(target, { gitHubHost: 'github.com' }),
        workingDirectory: project.path,
        fresh: false,
        requested: {},
        triggeredBy: 'ada',
        ...request,
      }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const LABELS = 'labels:\n  quick:\n    pipeline: planBuild\n    engine: claude\n    model: haiku\n    budgetUsd: 2\n';

describe("what an issue's labels choose by the settings of the base", () => {
  it('is its pipeline, engine, model and budget, and that is said', async () => {
    await using person = await asker({ '.belay.yml': LABELS }, ['quick']);
    const { input, notes } = await person.ask();
    expect(input).toMatchObject({ pipeline: 'planBuild', labelled: { engine: 'claude', model: 'haiku', budgetUsd: 2 } });
    expect(notes.join('\n')).toContain('The label "quick" chooses the pipeline planBuild');
  });

  it('gives way to what is asked for', async () => {
    await using person = await asker({ '.belay.yml': LABELS }, ['quick']);
    const { input } = await person.ask(undefined, { pipeline: 'plan' });
    expect(input.pipeline).toBe('plan');
  });

  it('is nothing for other issues: they go the whole way', async () => {
    await using person = await asker({ '.belay.yml': LABELS }, ['bug']);
    const { input, notes } = await person.ask();
    expect(input).toMatchObject({ pipeline: 'sdlc' });
    expect(input.labelled).toBeUndefined();
    expect(notes).toEqual([]);
  });

  it('is read from the base, not from what is not committed', async () => {
    await using person = await asker({ 'readme.md': 'A project.\n' }, ['quick']);
    await person.project.write({ '.belay.yml': LABELS });
    const { input } = await person.ask();
    expect(input.pipeline).toBe('sdlc');
  });

  it('is read from the branch that is asked for', async () => {
    await using person = await asker({ 'readme.md': 'A project.\n' }, ['quick']);
    await person.project.git('checkout', '--quiet', '-b', 'next');
    await person.project.commit({ '.belay.yml': LABELS });
    await person.project.git('checkout', '--quiet', 'main');
    const { input } = await person.ask(undefined, { base: 'next' });
    expect(input.pipeline).toBe('planBuild');
  });

  it('is refused before anything begins where the settings have a problem', async () => {
    await using person = await asker({ '.belay.yml': 'labels:\n  quick: { pipline: plan }\n' }, ['quick']);
    await expect(person.ask()).rejects.toMatchObject({ code: 'settings_invalid', message: expect.stringContaining('.belay.yml:2:') });
  });
});

describe('a closed issue', () => {
  it('is not worked on when it is named by its number', async () => {
    await using person = await asker({ 'readme.md': 'A project.\n' });
    const { input } = await person.ask();
    const file = String(input.issue?.url);
    await writeFile(file, (await readFile(file, 'utf8')).replace('state: open', 'state: closed'));
    await expect(person.ask('1')).rejects.toMatchObject({ code: 'issue_closed', message: 'Issue #1 of local/project is closed.' });
  });
});
