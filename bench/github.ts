#!/usr/bin/env node
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A GitHub that answers at once, as a process of its own: the label of every issue was set by somebody who may write. It tells its address
 * to who started it.
 */
const REPOSITORY = {
  name: 'shop',
  full_name: 'acme/shop',
  owner: { login: 'acme' },
  default_branch: 'main',
  private: false,
  fork: false,
  permissions: { admin: true, push: true, pull: true },
};
const USER = { id: 7, login: 'ada', type: 'User' };
const SHA = 'a'.repeat(40);

const issue = (number: number) => ({
  number,
  title: `Issue ${number}`,
  body: 'Please mend it.',
  state: 'open',
  html_url: `https://github.com/acme/shop/issues/${number}`,
  labels: [{ name: 'belay' }],
  user: USER,
  assignees: [],
});
const labelled = (number: number) => [
  { id: number, event: 'labeled', created_at: '2026-11-20T10:00:00Z', label: { name: 'belay' }, actor: USER },
];

/** By the end of the path, the first that fits. */
const ANSWERS: [RegExp, (number: number) => unknown][] = [
  [/\/issues\/(\d+)\/events$/, labelled],
  [/\/issues\/(\d+)$/, issue],
  [/\/collaborators\/\w+\/permission$/, () => ({ permission: 'write', role_name: 'write', user: USER })],
  [/\/(?:pulls|comments|matching-refs\/.+)$/, () => []],
  [/\/branches\/main$/, () => ({ name: 'main', commit: { sha: SHA } })],
  [/\/repos\/acme\/shop$/, () => REPOSITORY],
  [/^\/user$/, () => USER],
];

const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  const [pattern, answer] = ANSWERS.find(([each]) => each.test(path)) ?? [];
  const body = answer ? answer(Number(pattern?.exec(path)?.[1] ?? 0)) : { message: 'Not Found' };
  response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
});
server.listen(0, '127.0.0.1', () => process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
// It ends with who started it.
process.once('disconnect', () => process.exit(0));
