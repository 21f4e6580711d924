import { BelayError } from '../contracts/errors.ts';
import { claudeResult } from './claude-output.ts';
import type { ClaudeResultLine } from './claude-output.ts';
import { endedByUs, lastLines, notInstalled } from './ended.ts';
import type { EngineEnd, EngineResult } from './engine.ts';

export const INSTALL_HINT = 'Install it with `npm install -g @anthropic-ai/claude-code`, or set BELAY_CLAUDE_PATH to the program.';
export const LOGIN_HINT = 'Run `claude` and type `/login` to use a subscription, or set ANTHROPIC_API_KEY; then `belay retry` the run.';

/** A limit by the minute, as API keys have, is soon over. */
const RATE_LIMIT_WAIT_MS = 60_000;
/** When a usage limit does not say when it ends: windows are hours long. */
const USAGE_LIMIT_WAIT_MS = 30 * 60_000;

/** A limit that lasts longer is no rate by the minute, whatever its status. */
const LONGEST_RATE_MS = 10 * 60_000;

const USAGE_LIMIT = /usage limit reached|hit your (\w+ )?limit|limit reached/i;
const NOT_LOGGED_IN = /not logged in|please run \/login|invalid api key|failed to authenticate|oauth token (has expired|revoked)/i;

/** Why claude ended, and what it answered. A result that arrived counts, whatever became of the process afterwards. */
export function claudeOutcome(end: EngineEnd): EngineResult | BelayError {
  const { result } = end;
  if (end.reason === 'not_found') return notInstalled('claude', { hint: INSTALL_HINT });
  if (!result) return endedByUs('claude', end) ?? withoutResult(end);
  const line = claudeResult(result.raw);
  if (result.isError) return line ? apiError(line, end) : crashed(result.text, end);
  if (result.text.trim() === '' && result.json === undefined && line && line.permission_denials.length > 0) return refusedTools(line);
  const { text, json, usage, costUsd, turns } = result;
  const sessionId = end.sessionId ?? line?.session_id ?? '';
  return { sessionId, text, ...(json !== undefined && { json }), usage, costUsd, turns };
}

function withoutResult(end: EngineEnd): BelayError {
  const said = lastLines(end.stderrTail);
  if (USAGE_LIMIT.test(said)) return limitReached(said, end);
  if (NOT_LOGGED_IN.test(said)) return notLoggedIn(said);
  if (end.exitCode !== 0) return crashed(said, end);
  return new BelayError({
    code: 'engine_invalid_output',
    message: `claude ended without a result${said ? `: ${said}` : ''}`,
    hint: 'Its version may be too old for `--output-format stream-json`: run `claude --version` and `belay doctor`.',
  });
}

function apiError(line: ClaudeResultLine, end: EngineEnd): BelayError {
  const text = line.result ?? line.errors?.join('\n') ?? line.subtype;
  const status = line.api_error_status ?? undefined;
  if (line.subtype === 'error_max_budget_usd' || line.terminal_reason === 'budget_exhausted') return budgetExhausted(text);
  if (line.api_error === 'usage_limit_reached' || USAGE_LIMIT.test(text)) return limitReached(text, end);
  if (status === 401 || status === 403 || NOT_LOGGED_IN.test(text)) return notLoggedIn(text);
  if (/credit balance is too low/i.test(text)) return budgetExhausted(text);
  if (status === 429) return tooMany(text, end);
  if (line.stop_reason === 'refusal') return refused(text);
  if (status !== undefined && status >= 400 && status < 500 && status !== 408) return refused(text);
  if (status !== undefined || line.api_error === 'connection_failed') return overloaded(text);
  return crashed(text, end);
}

function tooMany(text: string, end: EngineEnd): BelayError {
  const retryAt = resetTime(text, end) ?? new Date(Date.now() + RATE_LIMIT_WAIT_MS);
  if (retryAt.getTime() - Date.now() > LONGEST_RATE_MS) return limitReached(text, end);
  return new BelayError({
    code: 'engine_rate_limited',
    message: `claude is asked too often: ${text}`,
    hint: 'It goes on by itself. If it lasts, fewer runs at once (BELAY_MAX_WORKSPACES) or a higher limit of the account help.',
    retryAt,
  });
}

function limitReached(text: string, end: EngineEnd): BelayError {
  const retryAt = resetTime(text, end) ?? new Date(Date.now() + USAGE_LIMIT_WAIT_MS);
  return new BelayError({
    code: 'engine_limit_reached',
    message: `claude's limit is reached: ${text}`,
    hint: `It goes on by itself at ${retryAt.toISOString()}; \`belay retry\` sooner, with another account, an API key or another engine.`,
    retryAt,
  });
}

/** From the stream, or from texts like `Claude AI usage limit reached|1795190000`. */
function resetTime(text: string, { resetsAt }: EngineEnd): Date | undefined {
  if (resetsAt) return new Date(resetsAt);
  const seconds = /\|(\d{10})\b/.exec(text)?.[1];
  return seconds ? new Date(Number(seconds) * 1000) : undefined;
}

function notLoggedIn(text: string): BelayError {
  return new BelayError({ code: 'engine_not_logged_in', message: `claude is not logged in: ${text}`, hint: LOGIN_HINT });
}

function budgetExhausted(text: string): BelayError {
  return new BelayError({
    code: 'engine_budget_exhausted',
    message: `claude stopped because the money is used up: ${text}`,
    hint: '`belay retry --budget` the run with a higher amount, or top up the account first.',
  });
}

function refused(text: string): BelayError {
  return new BelayError({
    code: 'engine_refused',
    message: `claude refused: ${text}`,
    hint: 'Change the issue or the model so that it can be answered, then `belay retry` the run.',
  });
}

function refusedTools({ permission_denials }: ClaudeResultLine): BelayError {
  const tools = [...new Set(permission_denials.map(({ tool_name }) => tool_name))].join(', ');
  return refused(`it was not allowed to use ${tools}, and gave no answer`);
}

function overloaded(text: string): BelayError {
  return new BelayError({
    code: 'engine_overloaded',
    message: `claude's model cannot be reached or is overloaded: ${text}`,
    hint: 'It is tried again. If it lasts, check the network and the provider’s status page.',
  });
}

function crashed(text: string, { exitCode, signal }: EngineEnd): BelayError {
  return new BelayError({
    code: 'engine_crashed',
    message: `claude ended with ${signal ? `signal ${signal}` : `exit code ${exitCode}`}${text ? `: ${text}` : ''}`,
    hint: 'It is tried again. If it happens each time, run `claude` by hand in the workspace (`belay open`).',
  });
}
