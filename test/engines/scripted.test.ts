import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EngineEvent, EngineRequest, EngineResult } from '../../src/engines/engine.ts';
import { createScripted } from '../../src/engines/scripted.ts';
import { runTurn } from '../../src/engines/turn.ts';
import { createProcessTrees } from '../../src/process/process-trees.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

interface Stage extends AsyncDisposable {
  workspace: string;
  script: string;
  transcript: string;
  play: (command?: string, rest?: PlayRest) => Promise<EngineResult>;
  read: (path: string) => Promise<string>;
}

interface PlayRest {
  request?: Partial<EngineRequest>;
  signal?: AbortSignal;
  onEvent?: (event: EngineEvent) => void;
  limits?: { idleMs: number; totalMs: number };
}

/** A workspace in which the scripted agent plays this script. */
async function openStage(yaml: string): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryDirectory());
  const processes = stack.use(await createProcessTrees({ bootId: randomUUID(), graceMs: 200 }));
  const [workspace, script] = [join(folder.path, 'workspace'), join(folder.path, 'script.yml')];
  await mkdir(workspace);
  await writeFile(script, yaml);
  const engine = createScripted({ script });
  const transcript = join(folder.path, 'transcript.jsonl');
  const owned = stack.move();
  return {
    workspace,
    script,
    transcript,
    play: (command = 'implement', { request = {}, limits = { idleMs: 30_000, totalMs: 30_000 }, ...rest } = {}) =>
      runTurn({
        engine,
        processes,
        limits,
        transcriptFile: transcript,
        ...rest,
        env: { PATH: '/usr/bin:/bin' },
        request: {
          command,
          prompt: 'Play.',
          cwd: workspace,
          permissions: ['read', 'edit', 'run'],
          sessionId: 'session-1',
          stateDir: join(folder.path, 'state'),
          ...request,
        },
      }),
    read: (path) => readFile(join(workspace, path), 'utf8'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe('the scripted engine', () => {
  it('plays the n-th turn at the n-th call of a command, and the last one again and again', async () => {
    await using stage = await openStage('plan: [{ say: one }, { say: two }]\nreview: [{ json: { passed: true } }]\n');
    const said = [await stage.play('plan'), await stage.play('review'), await stage.play('plan'), await stage.play('plan')];
    expect(said.map(({ text }) => text)).toEqual(['one', '{"passed":true}', 'two', 'two']);
    expect(said[1]?.json).toEqual({ passed: true });
  });

  it('really writes, replaces and runs in the workspace, and tells of it as it goes', async () => {
    await using stage = await openStage(`
implement:
  - write: { src/deep/a.js: "one $& two\\n", b.txt: kept }
    replace: { path: src/deep/a.js, find: two, with: "$& three" }
    run: cat b.txt; echo ran > c.txt; exit 3
    say: done
    usage: { inputTokens: 12, outputTokens: 3, costUsd: 0.5 }
`);
    const events: EngineEvent[] = [];
    const result = await stage.play('implement', { onEvent: (event) => events.push(event) });
    expect(await stage.read('src/deep/a.js')).toBe('one $& $& three\n');
    expect(await stage.read('c.txt')).toBe('ran\n');
    expect(result).toMatchObject({
      sessionId: 'session-1',
      text: 'done',
      costUsd: 0.5,
      usage: { inputTokens: 12, outputTokens: 3, cacheReadTokens: 0 },
    });
    expect(events.map((event) => (event.type === 'tool' ? `${event.name} ${event.summary}` : event.type))).toEqual([
      'session',
      'Write src/deep/a.js',
      'Write b.txt',
      'Edit src/deep/a.js',
      'Bash cat b.txt; echo ran > c.txt; exit 3 → 3\nkept',
      'text',
      'result',
    ]);
    expect((await readFile(stage.transcript, 'utf8')).trim().split('\n')).toHaveLength(events.length);
  });

  it('streams thousands of lines', async () => {
    await using stage = await openStage('plan: [{ emitLines: 5000, say: end }]');
    let lines = 0;
    await stage.play('plan', { onEvent: () => lines++ });
    expect(lines).toBe(5003);
  });

  it('plays a turn again that was killed, edits made already included', async () => {
    await using stage = await openStage(`
implement:
  - { replace: { path: a.txt, find: old, with: new }, hang: once, say: first }
  - say: second
`);
    await writeFile(join(stage.workspace, 'a.txt'), 'old');
    const cancel = new AbortController();
    const onEvent = (event: EngineEvent): void => {
      if (event.type === 'tool') cancel.abort(new Error('killed'));
    };
    await expect(stage.play('implement', { signal: cancel.signal, onEvent })).rejects.toThrow('killed');
    expect((await stage.play()).text).toBe('first');
    expect(await stage.read('a.txt')).toBe('new');
    expect((await stage.play()).text).toBe('second');
  });

  it('keeps its session when it is resumed', async () => {
    await using stage = await openStage('plan: [{ say: hello }]');
    expect((await stage.play('plan', { request: { resume: 'earlier' } })).sessionId).toBe('earlier');
  });

  it('fails as the script says, once', async () => {
    await using stage = await openStage(`
plan:
  - fail: engine_overloaded
  - fail: { code: engine_limit_reached, message: come back later, resetAt: 2026-11-20T15:53:20Z }
  - fail: engine_crashed
  - fail: engine_invalid_output
  - say: at last
`);
    await expect(stage.play('plan')).rejects.toMatchObject({ name: 'BelayError', code: 'engine_overloaded' });
    const limit = { code: 'engine_limit_reached', message: 'come back later', retryAt: new Date('2026-11-20T15:53:20Z') };
    await expect(stage.play('plan')).rejects.toMatchObject(limit);
    await expect(stage.play('plan')).rejects.toMatchObject({ code: 'engine_crashed', message: expect.stringContaining('exit code 70') });
    await expect(stage.play('plan')).rejects.toMatchObject({ code: 'engine_invalid_output' });
    expect((await stage.play('plan')).text).toBe('at last');
  });

  it('is ended when it hangs or takes too long', async () => {
    await using stage = await openStage('plan: [{ hang: true }]\nreview: [{ delayMs: 60000, say: late }]');
    await expect(stage.play('plan', { limits: { idleMs: 500, totalMs: 30_000 } })).rejects.toMatchObject({ code: 'engine_stalled' });
    await expect(stage.play('review', { limits: { idleMs: 30_000, totalMs: 500 } })).rejects.toMatchObject({ code: 'engine_timed_out' });
  });

  it('refuses what the command may not do, before doing it', async () => {
    await using stage = await openStage('review: [{ write: { a.txt: x } }]\nplan: [{ run: touch b.txt }]');
    const request = { permissions: ['read'] as const };
    await expect(stage.play('review', { request })).rejects.toMatchObject({
      code: 'engine_refused',
      message: expect.stringContaining('Write a.txt'),
    });
    await expect(stage.play('plan', { request })).rejects.toMatchObject({ code: 'engine_refused' });
    await expect(stage.read('a.txt')).rejects.toThrow('ENOENT');
    await expect(stage.read('b.txt')).rejects.toThrow('ENOENT');
  });

  it('does not leave the workspace, by dots, by an absolute path or by a link', async () => {
    await using outside = await temporaryDirectory();
    await using stage = await openStage(`
implement: [{ write: { ../out.txt: x } }]
document: [{ write: { ${outside.path}/out.txt: x } }]
plan: [{ write: { link/deep/out.txt: x } }]
`);
    await symlink(outside.path, join(stage.workspace, 'link'));
    for (const command of ['implement', 'document', 'plan']) {
      await expect(stage.play(command)).rejects.toMatchObject({
        code: 'script_invalid',
        message: expect.stringContaining('outside the workspace'),
      });
    }
    await expect(readFile(join(outside.path, 'out.txt'))).rejects.toThrow('ENOENT');
    await expect(stage.read('../out.txt')).rejects.toThrow('ENOENT');
  });

  it('says which text it did not find', async () => {
    await using stage = await openStage('implement: [{ replace: { path: a.txt, find: "that line", with: this } }]');
    await writeFile(join(stage.workspace, 'a.txt'), 'something else');
    await expect(stage.play()).rejects.toMatchObject({
      code: 'script_invalid',
      message: expect.stringContaining('a.txt does not hold "that line"'),
    });
  });

  it('says which command the script leaves out', async () => {
    await using stage = await openStage('plan: [{ say: hello }]');
    await expect(stage.play('document')).rejects.toMatchObject({
      code: 'script_invalid',
      message: expect.stringContaining('`document`; there are for plan'),
    });
  });

  it('tells an invalid or missing script with file and line, in the check and when played', async () => {
    await using stage = await openStage('plan:\n  - say: fine\n  - saj: typo\n    delayMs: soon\n');
    const engine = createScripted({ script: stage.script });
    const problems = [`${stage.script}:3: plan.1: \`saj\` is not known`, `${stage.script}:4: plan.1.delayMs: `];
    for (const problem of problems) {
      await expect(stage.play('plan')).rejects.toMatchObject({ code: 'script_invalid', message: expect.stringContaining(problem) });
      expect((await engine.check()).hint).toContain(problem);
    }
    await rm(stage.script);
    await expect(stage.play('plan')).rejects.toMatchObject({ code: 'script_invalid', message: expect.stringContaining('ENOENT') });
  });

  it('tells where the YAML itself is broken, and that no script is named', async () => {
    await using stage = await openStage('plan:\n  - say: "open\nreview: [\n');
    await expect(stage.play('plan')).rejects.toMatchObject({ code: 'script_invalid', message: expect.stringMatching(/script\.yml:\d+: /) });
    const request: EngineRequest = { command: 'plan', prompt: '', cwd: '/', permissions: [], sessionId: 'x', stateDir: '/' };
    expect(() => createScripted({}).command(request)).toThrow('no script is named');
  });
});
