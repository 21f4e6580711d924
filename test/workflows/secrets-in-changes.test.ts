import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';

/** Nobody's: put together, so that no scanner takes this file for a leak. */
const TOKEN = ['ghp', 'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'].join('_');
/** Looks like nothing. */
const OWN = 'correct-horse-battery-staple';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay({ GITHUB_WEBHOOK_SECRET: OWN });
});
afterAll(() => belay[Symbol.asyncDispose]());

/** Every version of every file that the project's remote has been given. */
const everythingIn = async (project: { git: (...args: string[]) => Promise<string> }): Promise<string> =>
  project.git('log', '--all', '--patch', '--format=%B');

describe('secrets in what an agent changed', () => {
  it('are taken out by the agent when it is told of them, and are in no commit', async () => {
    const project = await belay.project({
      script: {
        implement: [
          { say: 'Calls GitHub.', write: { 'call.ts': `const token = '${TOKEN}';\n` } },
          { say: 'Took it out.', write: { 'call.ts': 'const token = process.env.GITHUB_TOKEN;\n' } },
        ],
      },
    });
    const run = await project.run();
    const view = await run.closed();
    expect(await project.git('show', `${view.branch}:call.ts`)).toBe('const token = process.env.GITHUB_TOKEN;');
    expect(await everythingIn(project)).not.toContain(TOKEN);
    expect(await run.log()).toContain('implement is asked to take out what looks like secrets: call.ts:1 (GITHUB_TOKEN)');
    // The answer to what was asked for.
    expect(view.phases.find(({ name }) => name === 'implement')?.summary).toBe('Calls GitHub.');
    expect(JSON.stringify(view)).not.toContain(TOKEN);
  });

  it('have their files put back where the agent leaves them in, and the rest is kept', async () => {
    const encoded = Buffer.from(`user:${OWN}`).toString('base64');
    const leaky = {
      'call.ts': `// ${TOKEN}\n`,
      'own.txt': `it is ${OWN}\n`,
      'k8s.yml': `password: ${encoded}\n`,
      'notes.md': 'written down\n',
    };
    const shell = `printf '\\0${OWN}' > binary.dat; ln -s /${OWN}/x link`;
    const project = await belay.project({ script: { implement: [{ write: leaky, run: shell }] } });
    const run = await project.run();
    const view = await run.closed();
    expect(await project.git('diff', '--name-only', `main..${view.branch}`)).toBe('notes.md');
    expect(await everythingIn(project)).not.toMatch(new RegExp(`${TOKEN}|${OWN}`));
    expect(await run.log()).toContain(
      'implement left what looks like secrets in files, which were put back: binary.dat:1 (a secret of this installation), call.ts:1 (GITHUB_TOKEN), ' +
        'k8s.yml:1 (a secret of this installation), link:1 (a secret of this installation), own.txt:1 (a secret of this installation)',
    );
  });

  it('park the run where nothing else was changed', async () => {
    const project = await belay.project({ script: { implement: [{ write: { 'call.ts': TOKEN } }] } });
    const run = await project.run();
    expect((await run.parked()).errors).toMatchObject([{ phase: 'implement', code: 'secret_in_changes' }]);
    await run.cancel();
  });

  it('are let pass where the repository says so, or had them before; those of the installation never', async () => {
    const files = { '.belay.yml': 'secrets: { allow: [keys/] }\n', 'old.ts': `const old = '${TOKEN}';\n` };
    const written = { 'keys/test.key': TOKEN, 'keys/own.key': OWN };
    const project = await belay.project({ files, script: { implement: [{ write: written, run: 'mv old.ts moved.ts' }] } });
    const view = await (await project.run()).closed();
    expect(await project.git('diff', '--no-renames', '--name-only', `main..${view.branch}`)).toBe('keys/test.key\nmoved.ts\nold.ts');
  });
});
