import { z } from 'zod';
import { OUTPUT_SCHEMAS } from '../contracts/agent-outputs.ts';
import { BelayError } from '../contracts/errors.ts';
import type { Command } from '../prompts/prompt.ts';
import type { TurnResult } from './turn.ts';

interface AnswerCheck {
  output: Command['output'];
  first: TurnResult;
  /** Says more in the same session. */
  again: (prompt: string) => Promise<TurnResult>;
  keepRaw: (text: string) => Promise<{ path: string }>;
}

/**
 * The answer as its schema wants it. One more turn in the same session may mend it; then it fails as engine_invalid_output,
 * with the raw text kept.
 */
export async function checkAnswer({ output, first, again, keepRaw }: AnswerCheck): Promise<TurnResult> {
  if (output === 'text') return first;
  const schema = OUTPUT_SCHEMAS[output];
  const parsed = schema.safeParse(first.json);
  if (parsed.success) return { ...first, json: parsed.data };
  const second = await again(repairPrompt(first, parsed.error));
  const reparsed = schema.safeParse(second.json);
  if (reparsed.success) return { ...second, json: reparsed.data };
  const { path } = await keepRaw(`${first.text}\n\n--- after the repair turn ---\n\n${second.text}`);
  throw new BelayError({
    code: 'engine_invalid_output',
    message: `The agent's answer is not a valid ${output}: ${problems(reparsed.error)}`,
    hint: `Its raw text is in ${path}. \`belay retry\` asks again in a new session.`,
  });
}

function repairPrompt({ json }: TurnResult, error: z.ZodError): string {
  const found = json === undefined ? 'Your answer held no JSON.' : `Your answer is not valid: ${problems(error)}`;
  return `${found}\n\nAnswer again with nothing but the JSON that was asked for.`;
}

const problems = (error: z.ZodError): string => z.prettifyError(error).replaceAll('\n', ' ').slice(0, 1500);
