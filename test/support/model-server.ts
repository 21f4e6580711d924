import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { text as bodyOf } from 'node:stream/consumers';

/** What the model does when it is asked. */
export type Reply =
  | { say: string; stopReason?: string }
  | { tool: string; input: Record<string, unknown> }
  /** An error of the API, with headers that say when a limit ends. */
  | { status: number; type: string; message?: string; headers?: Record<string, string> };

export interface ModelRequest {
  /** How many messages of the assistant came before. */
  turn: number;
  /** The names of the tools that the CLI offers. */
  tools: string[];
  /** The last message of the user, tool results included, as JSON. */
  lastUser: string;
  /** Everything that was sent, as JSON. */
  body: string;
}

export interface ModelServer extends AsyncDisposable {
  url: string;
  /** Every conversation request so far. */
  requests: ModelRequest[];
}

interface MessagesBody {
  model: string;
  messages: { role: string; content: unknown }[];
  tools?: { name: string }[];
}

type Block = { type: 'text'; text: string } | { type: 'tool_use'; name: string; input: Record<string, unknown> };

/** Speaks as much of Anthropic's Messages API as the real claude needs, on loopback; `model` decides what it answers. */
export async function startModelServer(model: (request: ModelRequest) => Reply): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  const server = createServer((incoming, response) => {
    answer({ incoming, response, model, requests }).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The model server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Exchange {
  incoming: IncomingMessage;
  response: ServerResponse;
  model: (request: ModelRequest) => Reply;
  requests: ModelRequest[];
}

async function answer({ incoming, response, model, requests }: Exchange): Promise<void> {
  const body = await bodyOf(incoming);
  const path = new URL(incoming.url ?? '/', 'http://localhost').pathname;
  if (path === '/v1/messages/count_tokens') return sendJson(response, { status: 200, value: { input_tokens: 100 } });
  if (path !== '/v1/messages') return sendJson(response, { status: 404, value: { error: { message: 'not here' } } });
  const parsed = JSON.parse(body) as MessagesBody;
  const request: ModelRequest = {
    turn: parsed.messages.filter(({ role }) => role === 'assistant').length,
    tools: (parsed.tools ?? []).map(({ name }) => name),
    lastUser: JSON.stringify(parsed.messages.findLast(({ role }) => role === 'user')?.content ?? ''),
    body,
  };
  requests.push(request);
  const reply = model(request);
  if ('status' in reply) {
    const error = { type: 'error', error: { type: reply.type, message: reply.message ?? reply.type } };
    return sendJson(response, { status: reply.status, value: error, headers: reply.headers });
  }
  const block: Block = 'say' in reply ? { type: 'text', text: reply.say } : { type: 'tool_use', name: reply.tool, input: reply.input };
  const stopReason = 'say' in reply ? (reply.stopReason ?? 'end_turn') : 'tool_use';
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of messageEvents({ model: parsed.model, block, stopReason })) {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  response.end();
}

function sendJson(
  response: ServerResponse,
  { status, value, headers = {} }: { status: number; value: unknown; headers?: Record<string, string> | undefined },
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}

let ids = 0;

/** One message as its stream of events: 100 tokens in, 20 out. */
function messageEvents({ model, block, stopReason }: { model: string; block: Block; stopReason: string }): { type: string }[] {
  const usage = { input_tokens: 100, output_tokens: 1, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 };
  const message = {
    id: `msg_${++ids}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  const start =
    block.type === 'text' ? { type: 'text', text: '' } : { type: 'tool_use', id: `toolu_${++ids}`, name: block.name, input: {} };
  const delta =
    block.type === 'text'
      ? { type: 'text_delta', text: block.text }
      : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) };
  const events = [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: start },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: stopReason, stop_sequence: null }, usage: { output_tokens: 20 } },
    { type: 'message_stop' },
  ];
  return events;
}
