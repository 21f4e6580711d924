import { randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createClaude } from '../../src/engines/claude.ts';
import type { EngineEvent, EngineResult } from '../../src/engines/engine.ts';
import { runTurn } from '../../src/engines/turn.ts';
import { createProcessTrees } from '../../src/process/process-trees.ts';
import { shellProgram } from '../support/programs.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const PATH = '/usr/local/bin:/usr/bin:/bin';
const RESULT = JSON.stringify({
  type: 'result',
  subtype: 'success',
  is_error: false,
  session_id: 'S',
  result: 'Done.',
  num_turns: 1,
  total_cost_usd: 0.5,
});
const ANSWER = `echo '${RESULT}'`;
const text = (words: string): string => JSON.stringify({ type: 'assistant', message: { content: [{ type: 'text', text: words }] } });

interface Played {
  outcome: EngineResult | Error;
  events: EngineEvent[];
  transcript: string;
  transcriptBytes: number;
  /** How much more memory there was at most than before. */
  moreMemory: number;
  /** How often this process had time for something else, such as a heartbeat. */
  breaths: number;
}

/** One turn of a CLI that does as the shell script says. */
async function play(script: string, { idleMs = 30_000, totalMs = 50_000 }: { idleMs?: number; totalMs?: number } = {}): Promise<Played> {
  await using folder = await temporaryDirectory();
  await using processes = await createProcessTrees({ bootId: randomUUID(), graceMs: 200 });
  const program = await shellProgram(join(folder.path, 'claude'), `cat > /dev/null\n${script}`);
  const engine = createClaude({ home: folder.path, searchPath: PATH, path: program, apiKey: () => 'sk-test' });
  const transcriptFile = join(folder.path, 'turn.jsonl');
  const [events, before]: [EngineEvent[], number] = [[], process.memoryUsage.rss()];
  const over = new AbortController();
  let [breaths, most] = [0, before];
  const breathing = (async () => {
    while (!over.signal.aborted) {
      await breathe();
      breaths += 1;
      most = Math.max(most, process.memoryUsage.rss());
    }
  })();
  const outcome = await runTurn({
    engine,
    processes,
    env: { PATH },
    limits: { idleMs, totalMs },
    transcriptFile,
    onEvent: (event) => void (events.length < 20_000 && events.push(event)),
    request: {
      command: 'implement',
      prompt: 'Please do it.',
      cwd: folder.path,
      permissions: ['read', 'edit', 'run'],
      sessionId: randomUUID(),
      stateDir: join(folder.path, 'state'),
    },
  }).catch((error: Error) => error);
  over.abort();
  await breathing;
  const { size } = await stat(transcriptFile);
  const transcript = size < 1_000_000 ? await readFile(transcriptFile, 'utf8') : '';
  return { outcome, events, transcript, transcriptBytes: size, moreMemory: most - before, breaths };
}

describe('an agent’s CLI that', () => {
  it('crashes is reported with its exit code and last words, to be tried again', async () => {
    const { outcome } = await play('echo "panic: out of cheese" >&2; exit 70');
    expect(outcome).toMatchObject({
      code: 'engine_crashed',
      class: 'retry',
      message: expect.stringMatching(/exit code 70.*out of cheese/s),
    });
  });

  it('is killed is reported with the signal', async () => {
    const { outcome } = await play('kill -SEGV $$');
    expect(outcome).toMatchObject({ code: 'engine_crashed', message: expect.stringMatching(/SIGSEGV|exit code 139/) });
  });

  it('hangs is ended and reported, to be tried again', async () => {
    const { outcome } = await play('echo hello; exec sleep 300', { idleMs: 300 });
    expect(outcome).toMatchObject({
      code: 'engine_stalled',
      class: 'retry',
      message: expect.stringContaining('said nothing for longer than the idle limit'),
    });
  });

  it('talks for ever is ended and reported', async () => {
    const { outcome } = await play(`while :; do echo '${text('still at it')}'; sleep 0.05; done`, { totalMs: 700 });
    expect(outcome).toMatchObject({
      code: 'engine_timed_out',
      class: 'retry',
      message: expect.stringContaining('longer than the limit of one turn'),
    });
  });

  it('prints garbage alone is reported, with all of it kept for whoever looks', async () => {
    const { outcome, events, transcript } = await play(
      String.raw`printf '%%PDF-1.4 \001\002\n{"type":\n[]\nnull\n"x"\n{"type":"result"}\n'`,
    );
    expect(outcome).toMatchObject({ name: 'BelayError', message: expect.stringContaining('claude') });
    expect(events.map(({ type }) => type)).toEqual(Array.from({ length: 6 }, () => 'unknown'));
    expect(transcript).toContain('%PDF-1.4');
  });

  it('prints garbage before its answer has answered', async () => {
    const { outcome } = await play(String.raw`printf 'Segmentation fault (core dumped)\n{"type": "assistant"}\n\n'; ${ANSWER}`);
    expect(outcome).toMatchObject({ text: 'Done.', costUsd: 0.5 });
  });

  it('writes invalid UTF-8 has its words with replacement characters, on disk too', async () => {
    const [before = '', after = ''] = text('gr@n').split('@');
    const { outcome, events, transcript } = await play(
      `printf '%s' '${before}'; printf '\\377\\376'; printf '%s\\n' '${after}'; ${ANSWER}`,
    );
    expect(outcome).toMatchObject({ text: 'Done.' });
    expect(events[0]).toEqual({ type: 'text', text: 'gr\uFFFD\uFFFDn' });
    expect(transcript).toContain('gr\uFFFD\uFFFDn');
  });

  it('writes a line of 100 MB costs neither the memory nor the disk of it, and its answer after that counts', async () => {
    const { outcome, events, transcriptBytes, moreMemory, breaths } = await play(
      `head -c 104857600 /dev/zero | tr '\\0' x; echo; ${ANSWER}`,
    );
    expect(outcome).toMatchObject({ text: 'Done.' });
    expect(events.map(({ type }) => type)).toEqual(['unknown', 'result']);
    expect(transcriptBytes).toBeLessThan(9 * 1024 * 1024);
    expect(moreMemory).toBeLessThan(120 * 1024 * 1024);
    expect(breaths).toBeGreaterThan(50);
  });

  it('writes 200,000 lines leaves time for heartbeats between them', async () => {
    const line = text('x'.repeat(60)).replaceAll('%', '%%');
    const { outcome, events, breaths } = await play(`yes '${line}' | head -n 200000; ${ANSWER}`);
    expect(outcome).toMatchObject({ text: 'Done.' });
    expect(events).toHaveLength(20_000);
    expect(breaths).toBeGreaterThan(50);
  });

  it('fills the transcript leaves it cut, and the turn goes on', async () => {
    const { outcome, transcriptBytes } = await play(`yes '${'x'.repeat(1000)}' | head -c 70000000; echo; ${ANSWER}`);
    expect(outcome).toMatchObject({ text: 'Done.' });
    expect(transcriptBytes).toBeLessThan(64 * 1024 * 1024 + 100);
  });

  it('does not read its prompt, closes its output early or leaves a daemon behind has answered all the same', async () => {
    const { outcome } = await play(`${ANSWER}; (setsid sleep 300 &) ; exec >&- 2>&-; sleep 0.1`);
    expect(outcome).toMatchObject({ text: 'Done.' });
  });
});
