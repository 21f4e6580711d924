import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { review } from '../../src/contracts/agent-outputs.ts';
import { createClaude } from '../../src/engines/claude.ts';
import type { EngineEvent } from '../../src/engines/engine.ts';
import { markedProcesses } from '../../src/process/process-table.ts';
import { installAgents } from '../support/agents.ts';
import { SYSTEM_PATH, openBench } from '../support/claude-bench.ts';
import { availableIsolations } from '../support/isolations.ts';
import type { ModelRequest, Reply } from '../support/model-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

let program = '';

beforeAll(async () => {
  program = (await installAgents()).claude;
}, 600_000);

const done: Reply = { say: 'done' };

/** Creates a file with the tool that claude offers for it. */
function createFile(path: string): (request: ModelRequest) => Reply {
  return ({ turn }) => (turn === 0 ? { tool: 'Edit', input: { file_path: path, old_string: '', new_string: 'from claude\n' } } : done);
}

describe('the real claude', () => {
  it('edits a file in the workspace and reports session, events, usage and cost', async () => {
    let target = '';
    await using bench = await openBench((request) => createFile(target)(request));
    target = join(bench.workspace, 'new.txt');
    const events: EngineEvent[] = [];
    const sessionId = randomUUID();
    const result = await bench.turn({ sessionId, permissions: ['read', 'edit'] }, { onEvent: (event) => events.push(event) });
    expect(await readFile(target, 'utf8')).toBe('from claude\n');
    expect(result).toMatchObject({ sessionId, text: 'done', turns: 2, usage: { inputTokens: 200, outputTokens: 40 } });
    expect(result.costUsd).toBeGreaterThan(0);
    expect(events).toContainEqual({ type: 'tool', name: 'Edit', summary: target });
    expect(events).toContainEqual({ type: 'text', text: 'done' });
    expect(
      (await readFile(bench.transcript, 'utf8'))
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { type: string }).type),
    ).toContain('result');
  });

  it('reads the CLAUDE.md of the repository and takes the prompt from standard input', async () => {
    await using bench = await openBench(() => done);
    await writeFile(join(bench.workspace, 'CLAUDE.md'), 'Always whistle.');
    await bench.turn({ prompt: 'Mend the kettle `$(rm -rf x)` {{now}}' });
    expect(bench.server.requests[0]?.body).toContain('Always whistle.');
    expect(bench.server.requests[0]?.body).toContain('Mend the kettle `$(rm -rf x)` {{now}}');
  });

  it('runs commands when it may, and only then', async () => {
    const touch: Reply = { tool: 'Bash', input: { command: 'echo ran > ran.txt', description: 'run' } };
    await using bench = await openBench(({ turn }) => (turn === 0 ? touch : done));
    await bench.turn({ permissions: ['read', 'edit'] });
    await expect(readFile(join(bench.workspace, 'ran.txt'))).rejects.toThrow('ENOENT');
    await bench.turn({ permissions: ['read', 'run'] });
    expect(await readFile(join(bench.workspace, 'ran.txt'), 'utf8')).toBe('ran\n');
  });

  it('cannot change anything in a read-only turn, by edit, write, command or hook', async () => {
    const attempts: Reply[] = ['Edit', 'Write', 'Bash', 'NotebookEdit'].map((tool) => {
      const file = '/workspace-is-replaced';
      return {
        tool,
        input: {
          file_path: file,
          notebook_path: file,
          old_string: '',
          new_string: 'x',
          content: 'x',
          command: 'touch x',
          description: 'x',
          new_source: 'x',
        },
      };
    });
    let workspace = '';
    await using bench = await openBench(({ turn }) => {
      const attempt = attempts[turn];
      return attempt && 'tool' in attempt
        ? { ...attempt, input: JSON.parse(JSON.stringify(attempt.input).replaceAll('/workspace-is-replaced', `${workspace}/x`)) }
        : done;
    });
    workspace = bench.workspace;
    await mkdir(join(workspace, '.claude'));
    const hook = { hooks: [{ type: 'command', command: `touch ${workspace}/x` }] };
    await writeFile(join(workspace, '.claude', 'settings.json'), JSON.stringify({ hooks: { UserPromptSubmit: [hook], Stop: [hook] } }));
    expect((await bench.turn({ permissions: ['read'] })).text).toBe('done');
    expect(bench.server.requests).toHaveLength(attempts.length + 1);
    expect(bench.server.requests[0]?.tools.toSorted()).toEqual(expect.arrayContaining(['Glob', 'Grep', 'Read']));
    await expect(readFile(join(workspace, 'x'))).rejects.toThrow('ENOENT');
    // The same hook does write where commands are allowed: so it was the turn that held it back.
    await bench.turn({ permissions: ['run'] });
    expect(await readFile(join(workspace, 'x'), 'utf8')).toBeDefined();
  });

  it('answers by schema as data', async () => {
    const answer = {
      passed: false,
      summary: 'so so',
      issues: [{ title: 't', description: 'd', severity: 'blocker', files: ['a.js'], screenshots: [] }],
      screenshots: [],
    };
    await using bench = await openBench(({ tools }) =>
      tools.includes('StructuredOutput') ? { tool: 'StructuredOutput', input: answer } : done,
    );
    const schema = z.toJSONSchema(review, { io: 'input' }) as Record<string, unknown>;
    const result = await bench.turn({ permissions: ['read'], schema });
    expect(review.parse(result.json)).toEqual(answer);
  });

  it('takes the data from a fenced block when the model answers a schema in prose', async () => {
    await using bench = await openBench(() => ({ say: 'Here you are:\n```json\n{"ok": true}\n```\nBye.' }));
    const result = await bench.turn({ schema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] } });
    expect(result.json).toEqual({ ok: true });
  });

  it('resumes a session in a new process and reports the cost of that turn alone', async () => {
    await using bench = await openBench(() => done);
    const first = await bench.turn({ prompt: 'The word is kingfisher.' });
    const second = await bench.turn({ prompt: 'Which word?', resume: first.sessionId });
    expect(second.sessionId).toBe(first.sessionId);
    expect(bench.server.requests[1]?.body).toContain('kingfisher');
    expect(second.costUsd).toBeCloseTo(first.costUsd, 6);
  });

  it('goes on in a session that was cut off when its id is used again', async () => {
    const cancel = new AbortController();
    await using bench = await openBench(({ lastUser }) => {
      if (lastUser.includes('Go on')) return done;
      cancel.abort(new Error('cut off'));
      return { tool: 'Bash', input: { command: 'tail -f /dev/null', description: 'x' } };
    });
    const sessionId = randomUUID();
    await expect(bench.turn({ sessionId, prompt: 'The word is kingfisher.' }, { signal: cancel.signal })).rejects.toThrow('cut off');
    expect(await bench.turn({ sessionId, prompt: 'Go on' })).toMatchObject({ sessionId, text: 'done' });
  });

  it('starts the session anew where it is not known', async () => {
    await using bench = await openBench(() => done);
    const resume = randomUUID();
    expect(await bench.turn({ resume })).toMatchObject({ sessionId: resume, text: 'done' });
  });
});

describe('an error of the real claude', () => {
  const failures: [string, Reply, Record<string, unknown>][] = [
    ['a wrong key', { status: 401, type: 'authentication_error' }, { code: 'engine_not_logged_in' }],
    ['an overloaded model', { status: 529, type: 'overloaded_error' }, { code: 'engine_overloaded' }],
    ['a broken model server', { status: 500, type: 'api_error' }, { code: 'engine_overloaded' }],
    ['a rate limit', { status: 429, type: 'rate_limit_error' }, { code: 'engine_rate_limited', retryAt: expect.any(Date) }],
    ['an unknown model', { status: 404, type: 'not_found_error', message: 'model: nonsense' }, { code: 'engine_refused' }],
    ['a refusal', { say: 'no', stopReason: 'refusal' }, { code: 'engine_refused' }],
  ];
  it.each(failures)('is typed for %s', async (_name, reply, expected) => {
    await using bench = await openBench(() => reply);
    await expect(bench.turn()).rejects.toMatchObject({ name: 'BelayError', hint: expect.stringMatching(/./), ...expected });
  });

  it('carries the time at which a subscription’s limit ends', async () => {
    const seconds = Math.floor(Date.now() / 1000) + 7200;
    const headers = {
      'anthropic-ratelimit-unified-status': 'rejected',
      'anthropic-ratelimit-unified-reset': String(seconds),
      'anthropic-ratelimit-unified-representative-claim': 'five_hour',
    };
    const claude = { apiKey: () => undefined, oauthToken: () => 'sk-ant-oat01-test' };
    await using bench = await openBench(() => ({ status: 429, type: 'rate_limit_error', headers }), { claude });
    await expect(bench.turn()).rejects.toMatchObject({ code: 'engine_limit_reached', retryAt: new Date(seconds * 1000) });
  });

  it('is typed when the budget is used up', async () => {
    await using bench = await openBench(() => ({ tool: 'Bash', input: { command: 'echo again', description: 'x' } }));
    await expect(bench.turn({ budgetUsd: 0.003 })).rejects.toMatchObject({ code: 'engine_budget_exhausted' });
  });

  it('counts only the turn itself towards its budget where a session is resumed', async () => {
    await using bench = await openBench(() => done);
    const sessionId = randomUUID();
    const { costUsd } = await bench.turn({ sessionId });
    expect(costUsd).toBeGreaterThan(0);
    await expect(bench.turn({ resume: sessionId, budgetUsd: costUsd * 1.5 })).resolves.toMatchObject({ text: 'done' });
    const less = bench.turn({ resume: sessionId, budgetUsd: costUsd * 0.5 });
    await expect(less).rejects.toMatchObject({ code: 'engine_budget_exhausted' });
  });

  it('is typed when nobody listens at the address of the model', async () => {
    await using bench = await openBench(() => done, { claude: { baseUrl: 'http://127.0.0.1:9' } });
    await expect(bench.turn()).rejects.toMatchObject({ code: 'engine_overloaded' });
  });

  it('is typed when it says nothing for too long', async () => {
    await using bench = await openBench(() => ({ tool: 'Bash', input: { command: 'tail -f /dev/null', description: 'x' } }));
    await expect(bench.turn({}, { idleMs: 2000 })).rejects.toMatchObject({ code: 'engine_stalled' });
  });

  it('says what is missing when claude is not installed', async () => {
    await using bench = await openBench(() => done, { claude: { path: '/no/such/claude' } });
    await expect(bench.turn()).rejects.toMatchObject({ code: 'engine_not_installed', message: expect.stringContaining('/no/such/claude') });
  });
});

describe.each(await availableIsolations())('cancelling the real claude in a %s', (isolation) => {
  it('ends it with everything it started, a grandchild in a session of its own included', async () => {
    await using folder = await temporaryDirectory();
    const ready = join(folder.path, 'ready');
    const command = `setsid sh -c 'echo > ${ready}; exec sleep 300' & tail -f /dev/null`;
    await using bench = await openBench(() => ({ tool: 'Bash', input: { command, description: 'x' } }), { isolation });
    const mark = randomUUID();
    const cancel = new AbortController();
    const turn = bench.turn({}, { env: { TREE_UNDER_TEST: mark }, signal: cancel.signal });
    await expect.poll(() => readFile(ready, 'utf8').catch(() => undefined), { timeout: 30_000 }).toBe('\n');
    expect((await markedProcesses(`TREE_UNDER_TEST=${mark}`)).length).toBeGreaterThanOrEqual(3);
    cancel.abort(new Error('no longer wanted'));
    await expect(turn).rejects.toThrow('no longer wanted');
    expect(await markedProcesses(`TREE_UNDER_TEST=${mark}`)).toEqual([]);
  });
});

describe('the check of claude', () => {
  it('says version, program and login without starting a conversation', async () => {
    await using bench = await openBench(() => done);
    expect(await bench.engine.check()).toMatchObject({
      installed: true,
      version: '2.1.329',
      path: program,
      loggedIn: 'yes',
      login: 'API key',
    });
    expect(bench.server.requests).toEqual([]);
  });

  it('says how to log in and how to install', async () => {
    await using home = await temporaryDirectory();
    const base = { home: home.path, searchPath: SYSTEM_PATH };
    expect(await createClaude({ ...base, path: program }).check()).toMatchObject({
      installed: true,
      loggedIn: 'no',
      hint: expect.stringContaining('/login'),
    });
    expect(await createClaude({ ...base, path: '/no/such/claude' }).check()).toMatchObject({
      installed: false,
      hint: expect.stringContaining('npm install -g'),
    });
  });
});
