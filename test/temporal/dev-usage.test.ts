import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { attachUsage, serveUsage } from '../../src/temporal/dev-usage.ts';
import type { UsageServer } from '../../src/temporal/dev-usage.ts';

const USER = fileURLToPath(new URL('../support/usage-user.ts', import.meta.url));
/** Far longer than a test. */
const NEVER = 600_000;

async function served(graceMs: number): Promise<{ server: UsageServer; unused: Promise<string> } & AsyncDisposable> {
  const { promise: unused, resolve } = Promise.withResolvers<string>();
  const server = await serveUsage({ graceMs, onUnused: () => resolve('unused') });
  return { server, unused, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe('usage of the embedded servers', () => {
  it('is over when nobody ever comes', async () => {
    await using usage = await served(1);
    expect(await usage.unused).toBe('unused');
  });

  it('lasts while one of several users is there, and is over when the last has left', async () => {
    await using usage = await served(50);
    const first = await attachUsage(usage.server);
    const second = await attachUsage(usage.server);
    expect(usage.server.users).toBe(2);
    first[Symbol.dispose]();
    await first.lost;
    const third = await attachUsage(usage.server);
    second[Symbol.dispose]();
    third[Symbol.dispose]();
    expect(await usage.unused).toBe('unused');
    expect(usage.server.users).toBe(0);
  });

  it('is over when its only user is killed', async () => {
    await using usage = await served(1);
    const user = execa(process.execPath, [USER, String(usage.server.port)], { reject: false });
    for await (const line of user) {
      expect(line).toBe('attached');
      expect(usage.server.users).toBe(1);
      user.kill('SIGKILL');
    }
    expect(await usage.unused).toBe('unused');
  });

  it('welcomes nobody once it is over', async () => {
    await using usage = await served(1);
    await usage.unused;
    await expect(attachUsage(usage.server)).rejects.toMatchObject({ code: 'temporal_unreachable' });
  });

  it('is never over where nobody asks to be told', async () => {
    await using lasting = await serveUsage({ graceMs: 1 });
    const user = await attachUsage(lasting);
    user[Symbol.dispose]();
    await expect.poll(() => lasting.users).toBe(0);
    // One that does end has had as long a wait, and began it later.
    await using ending = await served(1);
    await ending.unused;
    using again = await attachUsage(lasting);
    expect(again.lost).toBeInstanceOf(Promise);
  });

  it('tells its users when it goes', async () => {
    const server = await serveUsage({ graceMs: NEVER, onUnused: () => {} });
    using user = await attachUsage(server);
    await server[Symbol.asyncDispose]();
    await expect(user.lost).resolves.toBeUndefined();
  });

  it('does not take another program on its port for itself', async () => {
    const stranger = createServer((socket) => socket.end('220 mail\n')).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    await expect(attachUsage({ port })).rejects.toMatchObject({ code: 'temporal_unreachable' });
    stranger.close();
  });

  it('lets a process end that has nothing else to do', async () => {
    await using usage = await served(NEVER);
    const { exitCode } = await execa(process.execPath, [USER, String(usage.server.port), 'leave']);
    expect(exitCode).toBe(0);
  });
});
