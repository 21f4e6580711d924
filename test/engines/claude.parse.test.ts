import { describe, expect, it } from 'vitest';
import { claudeOutcome } from '../../src/engines/claude-outcome.ts';
import { parseClaudeLine } from '../../src/engines/claude-output.ts';
import type { EngineEnd } from '../../src/engines/engine.ts';

/** Lines of claude 2.1.329, shortened by fields that are not read. */
const INIT =
  '{"type":"system","subtype":"init","cwd":"/ws","session_id":"11111111-2222-4333-8444-555555555555","tools":["Bash","Edit"],"mcp_servers":[],"model":"claude-opus-5-5","permissionMode":"bypassPermissions","apiKeySource":"ANTHROPIC_API_KEY"}';
const EDIT =
  '{"type":"assistant","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5-5","content":[{"type":"text","text":"I mend it."},{"type":"tool_use","id":"toolu_1","name":"Edit","input":{"replace_all":false,"file_path":"/ws/new.txt","old_string":"","new_string":"hi\\n"}}],"stop_reason":null,"usage":{"input_tokens":100,"output_tokens":1}},"parent_tool_use_id":null,"session_id":"s"}';
const TOOL_RESULT =
  '{"type":"user","message":{"role":"user","content":[{"tool_use_id":"toolu_1","type":"tool_result","content":"The file /ws/new.txt has been updated successfully."}]},"session_id":"s"}';
const RETRY =
  '{"type":"system","subtype":"api_retry","attempt":1,"max_retries":4,"retry_delay_ms":616,"error_status":529,"error":"overloaded","session_id":"s"}';
const DENIED =
  '{"type":"system","subtype":"permission_denied","tool_name":"Bash","tool_use_id":"toolu_1","decision_reason_type":"mode","message":"Permission to use Bash has been denied"}';
const LIMIT =
  '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795190000,"rateLimitType":"five_hour","overageStatus":"rejected","isUsingOverage":false},"session_id":"s"}';
const RESUMED_RESULT = {
  duration_api_ms: 128,
  stop_reason: 'end_turn',
  session_id: 's',
  total_cost_usd: 0.0032,
  permission_denials: [],
  usage: { input_tokens: 100, cache_creation_input_tokens: 7, cache_read_input_tokens: 5, output_tokens: 20 },
  modelUsage: {
    'claude-opus-5-5': { inputTokens: 400, outputTokens: 80, cacheReadInputTokens: 0, cacheCreationInputTokens: 0, costUSD: 0.0032 },
  },
  terminal_reason: 'completed',
  is_error: false,
  num_turns: 1,
  subtype: 'success',
  api_error_status: null,
  result: 'done',
  type: 'result',
  model_usage_since_last_result: {
    'claude-opus-5-5': { inputTokens: 100, outputTokens: 20, cacheReadInputTokens: 5, cacheCreationInputTokens: 7, costUSD: 0.0008 },
    'claude-haiku-4-5': { inputTokens: 10, outputTokens: 2, cacheReadInputTokens: 0, cacheCreationInputTokens: 0, costUSD: 0.0001 },
  },
};
const { model_usage_since_last_result: _unknownToOlderVersions, ...OLDER_RESULT } = RESUMED_RESULT;

describe('a line of claude', () => {
  it('becomes the session, the text and the tools that it tells of', () => {
    expect(parseClaudeLine(INIT)).toEqual([
      { type: 'session', sessionId: '11111111-2222-4333-8444-555555555555', model: 'claude-opus-5-5' },
    ]);
    expect(parseClaudeLine(EDIT)).toEqual([
      { type: 'text', text: 'I mend it.' },
      { type: 'tool', name: 'Edit', summary: '/ws/new.txt' },
      { type: 'usage', id: 'msg_1', usage: { inputTokens: 100, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 } },
    ]);
    expect(parseClaudeLine(TOOL_RESULT)).toEqual([]);
    expect(parseClaudeLine(RETRY)).toEqual([{ type: 'retry', message: 'overloaded (529), retry 1 of 4' }]);
    expect(parseClaudeLine(DENIED)).toEqual([{ type: 'tool', name: 'Bash', summary: 'was not allowed' }]);
  });

  it('tells of a limit although its time is none', () => {
    expect(parseClaudeLine(LIMIT.replace('1795190000', '1e300'))).toEqual([{ type: 'limit' }]);
  });

  it('tells of a limit only when it is reached', () => {
    expect(parseClaudeLine(LIMIT)).toEqual([{ type: 'limit', resetsAt: '2026-11-20T15:53:20.000Z' }]);
    expect(parseClaudeLine(LIMIT.replace('"status":"rejected"', '"status":"allowed_warning"'))).toEqual([]);
  });

  it('gives the usage and cost of this turn, all models together, not of the whole session', () => {
    const [result] = parseClaudeLine(JSON.stringify(RESUMED_RESULT));
    expect(result).toMatchObject({ usage: { inputTokens: 110, outputTokens: 22, cacheReadTokens: 5, cacheWriteTokens: 7 }, turns: 1 });
    expect(result?.type === 'result' && result.costUsd).toBeCloseTo(0.0009, 8);
  });

  it('falls back to the totals of versions that do not tell usage by model', () => {
    expect(parseClaudeLine(JSON.stringify(OLDER_RESULT))).toMatchObject([
      { costUsd: 0.0032, usage: { inputTokens: 100, outputTokens: 20, cacheReadTokens: 5, cacheWriteTokens: 7 } },
    ]);
  });

  it('never throws, whatever it is', () => {
    for (const line of ['', 'null', '[]', '{"type":"result"}', '{"type":"tomorrow"}', '{"type":', 'plain words', '\uFFFD{']) {
      expect(parseClaudeLine(line)).toEqual([{ type: 'unknown', line }]);
    }
  });
});

function endOf(line: Record<string, unknown> | undefined, rest: Partial<EngineEnd> = {}): EngineEnd {
  const [result] = line ? parseClaudeLine(JSON.stringify({ ...OLDER_RESULT, ...line })) : [];
  const end: EngineEnd = { exitCode: 1, reason: 'exited', stderrTail: '', ...rest };
  return result?.type === 'result' ? { ...end, result } : end;
}

describe('the outcome of claude', () => {
  const cases: [string, EngineEnd, string][] = [
    ['no login', endOf({ is_error: true, result: 'Not logged in · Please run /login' }), 'engine_not_logged_in'],
    ['an expired login', endOf({ is_error: true, result: 'OAuth token has expired', api_error_status: 401 }), 'engine_not_logged_in'],
    ['too little credit', endOf({ is_error: true, result: 'Credit balance is too low', api_error_status: 400 }), 'engine_budget_exhausted'],
    ['a lost session', endOf({ is_error: true, subtype: 'error_during_execution', errors: ['No conversation found'] }), 'engine_crashed'],
    ['a refused connection', endOf({ is_error: true, api_error: 'connection_failed', result: 'API Error' }), 'engine_overloaded'],
    ['silence after a denied tool', endOf({ result: '', permission_denials: [{ tool_name: 'Bash' }] }), 'engine_refused'],
    ['a crash', endOf(undefined, { exitCode: null, signal: 'SIGSEGV' }), 'engine_crashed'],
    [
      'a usage limit on standard error',
      endOf(undefined, { stderrTail: 'Claude AI usage limit reached|1795190000' }),
      'engine_limit_reached',
    ],
    ['too many calls in a minute', endOf({ is_error: true, result: 'API Error', api_error_status: 429 }), 'engine_rate_limited'],
    [
      'a limit of hours with the status of too many calls',
      endOf({ is_error: true, result: 'API Error', api_error_status: 429 }, { resetsAt: '2999-01-01T00:00:00.000Z' }),
      'engine_limit_reached',
    ],
    ['no result at all', endOf(undefined, { exitCode: 0 }), 'engine_invalid_output'],
    ['a stall', endOf(undefined, { exitCode: null, reason: 'stalled' }), 'engine_stalled'],
    ['too long a turn', endOf(undefined, { exitCode: null, reason: 'timed_out' }), 'engine_timed_out'],
    ['a missing program', endOf(undefined, { exitCode: null, reason: 'not_found' }), 'engine_not_installed'],
  ];
  it.each(cases)('is typed and hints at what to do for %s', (_name, end, code) => {
    expect(claudeOutcome(end)).toMatchObject({ name: 'BelayError', code, hint: expect.stringMatching(/\w/) });
  });

  it('knows when a limit ends, from the stream or from the text', () => {
    const fromText = claudeOutcome(endOf({ is_error: true, result: 'Claude AI usage limit reached|1795190000' }));
    expect(fromText).toMatchObject({ code: 'engine_limit_reached', retryAt: new Date(1_795_190_000_000) });
    const fromStream = claudeOutcome(
      endOf(
        { is_error: true, api_error: 'usage_limit_reached', result: "You've hit your limit · resets 3:53pm (UTC)" },
        { resetsAt: '2026-11-20T15:53:20.000Z' },
      ),
    );
    expect(fromStream).toMatchObject({ code: 'engine_limit_reached', retryAt: new Date('2026-11-20T15:53:20.000Z') });
  });

  it('is the result when there is one, though the process had to be ended afterwards', () => {
    expect(claudeOutcome(endOf({}, { exitCode: null, reason: 'stalled' }))).toMatchObject({ text: 'done', sessionId: 's', turns: 1 });
  });

  it('is the result when a tool was denied and the agent answered all the same', () => {
    expect(claudeOutcome(endOf({ permission_denials: [{ tool_name: 'Bash' }] }, { exitCode: 0 }))).toMatchObject({ text: 'done' });
  });
});
