import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import { installAgents } from '../support/agents.ts';
import { belayUser } from '../support/cli.ts';
import { startModelServer } from '../support/model-server.ts';
import type { ModelRequest, Reply } from '../support/model-server.ts';
import { userProject } from '../support/project.ts';

const ROOT = join(import.meta.dirname, '../..');
const REQUEST = "Don't lose the last item";

let program = '';
beforeAll(async () => {
  program = (await installAgents()).claude;
}, 600_000);

/** What a model makes of the command, which it sees as the person's words. */
function obedient({ turn, tools, lastUser }: ModelRequest): Reply {
  // Questions of the CLI's own, such as for a title.
  if (!tools.includes('Bash')) return { say: 'ok' };
  const bash = (command: string): Reply => ({ tool: 'Bash', input: { command, description: 'belay' } });
  if (turn === 0) return bash(String.raw`belay run 'Don'\''t lose the last item' --detach --json`);
  if (turn === 1) return bash(`belay show ${/"id\W+(\w{8})/.exec(lastUser)?.[1]} --json`);
  if (turn === 2) return bash('touch not-allowed.txt');
  return { say: 'It works on it.' };
}

test(
  'the real claude offers the command, and starts and shows a run by it, with no right to anything else',
  { timeout: 120_000 },
  async () => {
    await using user = await belayUser();
    const project = await userProject(user.folder, { files: { '.belay.yml': 'test: "true"\n' } });
    await using _dev = await user.dev();
    await using server = await startModelServer(obedient);
    const [bin, config] = [join(user.folder, 'bin'), join(user.folder, 'claude')];
    await Promise.all([mkdir(bin), mkdir(join(config, 'commands'), { recursive: true })]);
    await symlink(join(ROOT, 'bin/belay'), join(bin, 'belay'));
    // As docs/claude-code.md says.
    await copyFile(join(ROOT, 'integrations/claude-code/belay.md'), join(config, 'commands/belay.md'));
    const { stdout } = await execa(program, ['-p', `/belay ${REQUEST}`, '--output-format', 'stream-json', '--verbose'], {
      cwd: project.path,
      stdin: 'ignore',
      extendEnv: false,
      env: {
        ...user.env,
        PATH: `${bin}${delimiter}${user.env['PATH']}`,
        CLAUDE_CONFIG_DIR: config,
        ANTHROPIC_BASE_URL: server.url,
        ANTHROPIC_API_KEY: 'sk-test',
        CLAUDE_CODE_MAX_RETRIES: '0',
        DISABLE_AUTOUPDATER: '1',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      },
    });
    const lines = stdout.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ subtype }) => subtype === 'init')?.['slash_commands']).toContain('belay');
    expect(server.requests[0]?.body).toContain(`What was asked for: ${REQUEST}`);
    const run = await user.viewWhen((await user.view()).id, ({ status }) => status === 'completed');
    expect(run).toMatchObject({ request: REQUEST, outcome: 'pull_request' } satisfies Partial<RunView>);
    // What its second call was answered with.
    expect(server.requests.find(({ turn, tools }) => turn === 2 && tools.includes('Bash'))?.lastUser).toContain(run.workflowId);
    const result = lines.find(({ type }) => type === 'result');
    expect(result).toMatchObject({ subtype: 'success', result: 'It works on it.' });
    expect(result?.['permission_denials']).toMatchObject([{ tool_name: 'Bash', tool_input: { command: 'touch not-allowed.txt' } }]);
  },
);
