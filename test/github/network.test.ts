import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { loopback } from '../support/loopback.ts';
import type { Loopback } from '../support/loopback.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const run = promisify(execFile);
const FIXTURE = join(import.meta.dirname, 'ask.fixture.ts');

async function ask(apiUrl: string, env: Record<string, string>): Promise<string> {
  return (await run(process.execPath, [FIXTURE, apiUrl], { env })).stdout;
}

interface Proxy extends Loopback {
  /** Where it was asked to connect to. */
  readonly targets: string[];
}

/** A company's proxy: whatever is asked for, it leads to this port. */
async function proxy(port: number): Promise<Proxy> {
  const targets: string[] = [];
  const server = createServer((_request, response) => void response.writeHead(405).end());
  server.on('connect', (request, socket, head) => {
    targets.push(request.url ?? '');
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [socket, upstream]) end.on('error', () => end.destroy());
  });
  return Object.assign(await loopback(server), { targets });
}

describe('behind a company network', () => {
  let tls: { key: string; cert: string };
  let certificate: string;
  beforeAll(async () => {
    const folder = await temporaryDirectory();
    const [key, cert] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')];
    const subject = ['-subj', '/CN=github.example.com', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:github.example.com'];
    await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject]);
    tls = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
    certificate = cert;
    return () => folder[Symbol.asyncDispose]();
  });

  const gitHub = () => {
    const answer = createSecureServer(tls, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"login":"ada"}');
    });
    return loopback(answer);
  };

  it.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY'])('the proxy of %s leads there, and the own authority is trusted', async (name) => {
    await using server = await gitHub();
    await using way = await proxy(server.port);
    const env = { [name]: way.url, NODE_EXTRA_CA_CERTS: certificate };
    expect(await ask('https://github.example.com/api/v3', env)).toBe('ada');
    expect(way.targets).toEqual(['github.example.com:443']);
  });

  it('NO_PROXY goes around it', async () => {
    await using server = await gitHub();
    await using way = await proxy(server.port);
    const env = { HTTPS_PROXY: way.url, NO_PROXY: 'localhost,127.0.0.1', NODE_EXTRA_CA_CERTS: certificate };
    expect(await ask(`https://127.0.0.1:${server.port}`, env)).toBe('ada');
    expect(way.targets).toEqual([]);
  });

  it('an unknown authority is named as what it is', async () => {
    await using server = await gitHub();
    const said = await ask(`https://127.0.0.1:${server.port}`, {});
    expect(said).toContain(`127.0.0.1:${server.port} could not be reached to say who this is: `);
    expect(said).toContain('Name the file of your own certificate authority in NODE_EXTRA_CA_CERTS before Belay starts.');
  });

  it('a proxy that is not there is named as what to look at', async () => {
    const said = await ask('https://github.example.com/api/v3', { HTTPS_PROXY: 'http://127.0.0.1:1' });
    expect(said).toContain('github.example.com could not be reached to say who this is: ');
    expect(said).toContain('Look at the network, the proxy (HTTPS_PROXY, NO_PROXY) and BELAY_GITHUB_API_URL.');
  });
});
