import { loadCommand } from '../../src/prompts/prompt.ts';
import { COMMANDS } from '../../src/contracts/constants.ts';
import type { CommandName } from '../../src/contracts/constants.ts';
import type { ModelRequest, Reply } from './model-server.ts';

export interface Asked extends ModelRequest {
  /** The workspace, as the CLI has told the model. */
  workspace: string;
}

/** A model that knows which of Belay's prompts it is asked; `json` goes the way that the CLI has for schemas. */
export function modelThatAnswers(answers: Partial<Record<CommandName, (asked: Asked) => Reply | { json: Record<string, unknown> }>>) {
  const openings = COMMANDS.map((name) => ({
    name,
    opening: JSON.stringify(loadCommand({ name }).body.split('{{', 1)[0]?.trim()).slice(1, -1),
  }));
  return (request: ModelRequest): Reply => {
    const command = openings.find(({ opening }) => request.body.includes(opening))?.name;
    const answer = command && answers[command];
    if (!answer) return { status: 400, type: 'invalid_request_error', message: `no answer for ${command ?? 'this prompt'}` };
    const workspace = /orking directory: (\/[^\s"\\]+)/.exec(request.body)?.[1] ?? '';
    const reply = answer({ ...request, workspace });
    return 'json' in reply ? { tool: 'StructuredOutput', input: reply.json } : reply;
  };
}
