import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { CREDENTIALS, httpMirror } from '../support/http-mirror.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** A certificate of its own authority, for 127.0.0.1. */
async function certificate() {
  const folder = await temporaryDirectory();
  const [key, cert] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject]);
  const tls = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  return { cert, tls, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

/** Takes HTTPS through to where it is asked to, and notes where that was. */
async function httpsProxy() {
  const server = createServer();
  const asked: string[] = [];
  server.on('connect', (request, client: Socket) => {
    asked.push(String(request.url));
    const { hostname, port } = new URL(`http://${request.url}`);
    const other = connect(Number(port), hostname, () => client.write('HTTP/1.1 200 Connected\r\n\r\n'));
    pipeline(client, other, client).catch(() => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, [Symbol.dispose]: () => void server.close() };
}

test.each(['HTTPS_PROXY', 'https_proxy'])('goes through the proxy of %s, but not to this machine itself', async (name) => {
  await using own = await certificate();
  using proxy = await httpsProxy();
  const env = { [name]: proxy.url, http_proxy: proxy.url, NODE_EXTRA_CA_CERTS: own.cert, NO_PROXY: '', no_proxy: '' };
  await using secure = await httpMirror({ tls: own.tls, credentials: CREDENTIALS, env });
  expect(await secure.mirror.fetchBranch({ ...secure.access, branch: 'main' })).toBe(await secure.remote.sha('main'));
  expect(new Set(proxy.asked)).toEqual(new Set([new URL(secure.http.url).host]));
  await using plain = await httpMirror({ env });
  expect(await plain.mirror.fetchBranch({ ...plain.access, branch: 'main' })).toBe(await plain.remote.sha('main'));
});

test.each(['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'GIT_SSL_CAINFO'])(
  'trusts the authority that %s names, and nobody unknown',
  async (name) => {
    await using own = await certificate();
    const { tls, cert } = own;
    await using trusting = await httpMirror({ tls, credentials: CREDENTIALS, env: { [name]: cert } });
    expect(await trusting.mirror.fetchBranch({ ...trusting.access, branch: 'main' })).toBe(await trusting.remote.sha('main'));
    await using strict = await httpMirror({ tls });
    await expect(strict.mirror.fetchBranch({ ...strict.access, branch: 'main' })).rejects.toMatchObject({
      code: 'forge_unreachable',
      hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
  },
);

test('adds an authority to the usual ones, and says which file of it cannot be read', async () => {
  await using setup = await httpMirror({ env: { NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem' } });
  const { mirror, access } = setup;
  await expect(mirror.fetchBranch({ ...access, branch: 'main' })).rejects.toMatchObject({
    code: 'configuration_invalid',
    message: expect.stringContaining('NODE_EXTRA_CA_CERTS names /nowhere/ca.pem'),
  });
  await using again = await httpMirror({ env: { NODE_EXTRA_CA_CERTS: '/dev/null' } });
  await again.mirror.fetchBranch({ ...again.access, branch: 'main' });
  expect((await stat(join(again.home, 'ca-bundle.pem'))).size).toBeGreaterThan(100_000);
});
