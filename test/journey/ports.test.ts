import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { expect, it } from 'vitest';
import { belayUser } from '../support/cli.ts';
import { userProject } from '../support/project.ts';

async function listen(port = 0): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

it('a run for which all ports are taken parks and names the range, and goes on when one is free', async () => {
  const taken = await listen();
  const { port } = taken.address() as AddressInfo;
  await using user = await belayUser({
    env: { BELAY_MAX_WORKSPACES: '1', BELAY_PORTS_BACKEND: `${port}-${port}`, BELAY_PORTS_FRONTEND: '22000-22059' },
  });
  const project = await userProject(user.folder);
  const ended = await user.belay(['run', project.issue, '--repo', project.path]);
  expect(ended.exitCode).toBe(1);
  expect(ended.stdout).toContain(`ports_exhausted: All backend ports ${port}-${port} are taken: ${port}`);
  expect(ended.stdout).toContain('Wait until a run ends, end what listens there, or widen BELAY_PORTS_BACKEND.');
  const { id, status } = await user.view();
  expect(status).toBe('parked');

  taken.close();
  const retry = await user.belay(['retry', id]);
  expect(retry, retry.stderr).toMatchObject({ exitCode: 0 });
});
