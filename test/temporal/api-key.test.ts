import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { connectTemporal, connectWorker, keepApiKey } from '../../src/temporal/connection.ts';
import { eventually } from '../support/eventually.ts';

/** Answers every call of gRPC with an empty message, and notes who asks what with which key. */
async function listener() {
  const calls: { method: string; key: string | undefined }[] = [];
  const server = createServer((request, response) => {
    calls.push({ method: request.url.split('/').at(-1) ?? '', key: request.headers.authorization });
    request.resume().once('end', () => {
      response.writeHead(200, { 'content-type': 'application/grpc' });
      response.addTrailers({ 'grpc-status': '0' });
      response.end(Buffer.alloc(5));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { calls, address, [Symbol.asyncDispose]: async () => void server.close() };
}

test('a client and a worker call with the API key of the moment', async () => {
  await using server = await listener();
  let key = 'first-key';
  const { address } = server;
  const target = { address, namespace: 'team', options: { address, tls: false }, apiKey: () => key };
  await using temporal = await connectTemporal({ target });
  const worker = await connectWorker({ target });
  const problems: unknown[] = [];
  using _kept = keepApiKey({ connection: worker, target, onProblem: (error) => problems.push(error), everyMs: 10 });
  const ask = (service: typeof worker.workflowService) => service.listNamespaces({ pageSize: 1 });
  await ask(temporal.connection.workflowService);
  await ask(worker.workflowService);
  key = 'second-key';
  await ask(temporal.connection.workflowService);
  const keys = () => server.calls.filter(({ method }) => method === 'ListNamespaces').map((call) => call.key);
  expect(keys()).toEqual(['Bearer first-key', 'Bearer first-key', 'Bearer second-key']);
  await eventually(async () => {
    await ask(worker.workflowService);
    expect(keys().at(-1)).toBe('Bearer second-key');
  });
  await worker.close();
  expect(problems).toEqual([]);
});
