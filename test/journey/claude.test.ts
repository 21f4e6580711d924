import { expect, it } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import { installAgents } from '../support/agents.ts';
import { belayUser } from '../support/cli.ts';
import { modelThatAnswers } from '../support/model-answers.ts';
import { startModelServer } from '../support/model-server.ts';
import type { Reply } from '../support/model-server.ts';
import { userProject } from '../support/project.ts';

const first = (turn: number, reply: Reply, then: string): Reply => (turn === 0 ? reply : { say: then });

const model = modelThatAnswers({
  classify: () => ({ json: { class: 'bug', reason: 'It is missing.' } }),
  plan: () => ({ say: '1. Write done.txt.' }),
  implement: ({ turn, workspace }) =>
    first(turn, { tool: 'Edit', input: { file_path: `${workspace}/done.txt`, old_string: '', new_string: 'done\n' } }, 'Written.'),
  'resolve-failed-test': ({ turn }) =>
    first(turn, { tool: 'Bash', input: { command: 'echo sound > sound.txt', description: 'mend it' } }, 'Mended.'),
  review: () => ({ json: { passed: true, summary: 'Fine.', issues: [], screenshots: [] } }),
  document: () => ({ say: 'Nothing to document.' }),
  'commit-message': () => ({ say: 'fix: write it down' }),
  'pull-request': () => ({ json: { title: 'Write it down', body: 'It was missing.' } }),
});

it('belay run --engine claude brings an issue to a branch and a pull request in the clone of a user', async () => {
  const { claude } = await installAgents();
  await using server = await startModelServer(model);
  await using user = await belayUser({
    env: { BELAY_CLAUDE_PATH: claude, ANTHROPIC_BASE_URL: server.url, ANTHROPIC_API_KEY: 'sk-test', BELAY_ENGINE: 'claude' },
  });
  const project = await userProject(user.folder, {
    files: { '.belay.yml': 'test: test -f sound.txt\n', 'readme.md': 'A project.\n' },
  });
  const ended = await user.belay(['run', project.issue, '--repo', project.path, '--engine', 'claude', '--json']);
  expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toMatchObject({ exitCode: 0 });
  const view = JSON.parse(ended.stdout) as RunView;
  expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', engine: 'claude', issueClass: 'bug', errors: [] });
  expect(view.phases.find(({ name }) => name === 'test')).toMatchObject({
    status: 'completed',
    summary: expect.stringContaining('2 attempts'),
  });
  expect(view.costUsd).toBeGreaterThan(0);
  expect(await project.git('show', `${view.branch}:done.txt`)).toBe('done');
  expect(await project.git('show', `${view.branch}:sound.txt`)).toBe('sound');
  expect(await project.git('log', '-1', '--format=%s', String(view.branch))).toBe('fix: write it down');
  expect((await user.belay(['pr', 'show', view.id])).stdout).toContain('It was missing.');
  await expect.poll(() => user.processes(), { timeout: 20_000 }).toEqual([]);
}, 600_000);
