import { z } from 'zod';
import type { EngineEvent, Usage } from './engine.ts';

/** The lines of `claude --output-format stream-json`, as of 2.1: only what is used here, everything else may change. */

const tokens = z.number().catch(0);
const modelUsage = z.record(
  z.string(),
  z.object({ inputTokens: tokens, outputTokens: tokens, cacheReadInputTokens: tokens, cacheCreationInputTokens: tokens, costUSD: tokens }),
);

const content = z.object({ type: z.string(), text: z.string().optional(), name: z.string().optional(), input: z.unknown().optional() });

const tokenUsage = z.object({
  input_tokens: tokens,
  output_tokens: tokens,
  cache_read_input_tokens: tokens,
  cache_creation_input_tokens: tokens,
});

const lines = {
  init: z.object({ type: z.literal('system'), subtype: z.literal('init'), session_id: z.string(), model: z.string().optional() }),
  retry: z.object({
    type: z.literal('system'),
    subtype: z.literal('api_retry'),
    attempt: z.number(),
    max_retries: z.number(),
    error: z.string().optional(),
    error_status: z.number().nullish(),
  }),
  denied: z.object({ type: z.literal('system'), subtype: z.literal('permission_denied'), tool_name: z.string() }),
  limit: z.object({
    type: z.literal('rate_limit_event'),
    rate_limit_info: z.object({ status: z.string(), resetsAt: z.number().optional() }),
  }),
  assistant: z.object({
    type: z.literal('assistant'),
    message: z.object({ id: z.string().optional(), content: z.array(content), usage: tokenUsage.optional().catch(undefined) }),
  }),
};

/** Known, and of no use here: tool results, progress notes. */
const QUIET = z.object({ type: z.enum(['user', 'system']) });

const resultLine = z.object({
  type: z.literal('result'),
  subtype: z.string(),
  is_error: z.boolean(),
  session_id: z.string(),
  result: z.string().optional(),
  errors: z.array(z.string()).optional(),
  structured_output: z.unknown().optional(),
  num_turns: z.number().catch(0),
  total_cost_usd: z.number().catch(0),
  stop_reason: z.string().nullish(),
  terminal_reason: z.string().nullish(),
  api_error: z.string().nullish(),
  api_error_status: z.number().nullish(),
  permission_denials: z.array(z.object({ tool_name: z.string() })).catch([]),
  usage: tokenUsage.optional(),
  model_usage_since_last_result: modelUsage.optional(),
});
export type ClaudeResultLine = z.infer<typeof resultLine>;

/** What the raw part of a result event holds, if it is one of claude's. */
export function claudeResult(raw: unknown): ClaudeResultLine | undefined {
  return resultLine.safeParse(raw).data;
}

/** One line of the stream. Never throws. */
export function parseClaudeLine(line: string): EngineEvent[] {
  const value = jsonOf(line);
  const init = lines.init.safeParse(value).data;
  if (init) return [{ type: 'session', sessionId: init.session_id, ...(init.model && { model: init.model }) }];
  const retry = lines.retry.safeParse(value).data;
  if (retry)
    return [
      {
        type: 'retry',
        message: `${retry.error ?? 'error'} (${retry.error_status ?? 'no answer'}), retry ${retry.attempt} of ${retry.max_retries}`,
      },
    ];
  const denied = lines.denied.safeParse(value).data;
  if (denied) return [{ type: 'tool', name: denied.tool_name, summary: 'was not allowed' }];
  const limit = lines.limit.safeParse(value).data;
  if (limit) return limitEvents(limit.rate_limit_info);
  const assistant = lines.assistant.safeParse(value).data;
  if (assistant) return [...assistant.message.content.flatMap(contentEvents), ...usageEvents(assistant.message)];
  const result = resultLine.safeParse(value).data;
  if (result) return [resultEvent(result, value)];
  return QUIET.safeParse(value).success ? [] : [{ type: 'unknown', line }];
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Also sent when all is well, or nearly. */
function limitEvents({ status, resetsAt }: { status: string; resetsAt?: number | undefined }): EngineEvent[] {
  if (status !== 'rejected') return [];
  const at = new Date((resetsAt ?? Number.NaN) * 1000);
  return [{ type: 'limit', ...(!Number.isNaN(at.getTime()) && { resetsAt: at.toISOString() }) }];
}

function contentEvents({ type, text, name, input }: z.infer<typeof content>): EngineEvent[] {
  if (type === 'text' && text) return [{ type: 'text', text }];
  if (type === 'tool_use' && name) return [{ type: 'tool', name, summary: toolSummary(input) }];
  return [];
}

/** One answer comes in several lines, each with what the whole of it has used so far. */
function usageEvents({ id, usage }: z.infer<typeof lines.assistant>['message']): EngineEvent[] {
  return id && usage ? [{ type: 'usage', id, usage: usageOf(usage) }] : [];
}

function usageOf(usage: z.infer<typeof tokenUsage> | undefined): Usage {
  return {
    inputTokens: usage?.input_tokens ?? 0,
    outputTokens: usage?.output_tokens ?? 0,
    cacheReadTokens: usage?.cache_read_input_tokens ?? 0,
    cacheWriteTokens: usage?.cache_creation_input_tokens ?? 0,
  };
}

/** The argument that says most, on one line. */
function toolSummary(input: unknown): string {
  if (typeof input !== 'object' || input === null) return '';
  const named = input as Record<string, unknown>;
  const telling = named['command'] ?? named['file_path'] ?? named['path'] ?? named['pattern'] ?? named['description'];
  return typeof telling === 'string' ? telling.replaceAll(/\s+/g, ' ').slice(0, 200) : '';
}

function resultEvent(result: ClaudeResultLine, raw: unknown): EngineEvent {
  return {
    type: 'result',
    text: result.result ?? result.errors?.join('\n') ?? '',
    ...(result.structured_output !== undefined && { json: result.structured_output }),
    isError: result.is_error,
    ...spent(result),
    turns: result.num_turns,
    raw,
  };
}

/**
 * What this turn alone used, subagents included. In a resumed session `total_cost_usd` holds the turns before it too, and
 * `usage` never holds subagents; both are for versions that do not say it by model.
 */
function spent({ model_usage_since_last_result: byModel, usage, total_cost_usd }: ClaudeResultLine): { usage: Usage; costUsd: number } {
  if (!byModel) {
    return { usage: usageOf(usage), costUsd: total_cost_usd };
  }
  const models = Object.values(byModel);
  const sum = (of: (model: (typeof models)[number]) => number): number => models.reduce((total, model) => total + of(model), 0);
  return {
    usage: {
      inputTokens: sum((model) => model.inputTokens),
      outputTokens: sum((model) => model.outputTokens),
      cacheReadTokens: sum((model) => model.cacheReadInputTokens),
      cacheWriteTokens: sum((model) => model.cacheCreationInputTokens),
    },
    costUsd: sum((model) => model.costUSD),
  };
}
