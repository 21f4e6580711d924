import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { BelayError } from '../contracts/errors.ts';
import type { GitEnvironment } from './git-environment.ts';
import { replaceFile } from './mirror-guard.ts';

/** Each names a file with all authorities that are trusted. The first that is set counts. */
const COMPLETE = ['GIT_SSL_CAINFO', 'SSL_CERT_FILE', 'CURL_CA_BUNDLE'] as const;
const ADDITIONAL = 'NODE_EXTRA_CA_CERTS';

/**
 * Whom git trusts on HTTPS, by the variables that people set for Node and curl. One that only adds to the usual authorities,
 * as git cannot, becomes a file with all of them in `folder`.
 */
export function certificates({ folder, env }: { folder: string; env: GitEnvironment }): () => Promise<readonly string[]> {
  let written: Promise<string> | undefined;
  return async () => {
    const complete = COMPLETE.map((name) => env[name]).find((path) => path !== undefined && path !== '');
    if (complete !== undefined) return [`http.sslCAInfo=${complete}`];
    const extra = env[ADDITIONAL];
    if (extra === undefined || extra === '') return [];
    written ??= writeBundle(join(folder, 'ca-bundle.pem'), extra);
    written.catch(() => (written = undefined));
    return [`http.sslCAInfo=${await written}`];
  };
}

async function writeBundle(path: string, extra: string): Promise<string> {
  const own = await readFile(extra, 'utf8').catch((cause: unknown) => {
    throw new BelayError({
      code: 'configuration_invalid',
      message: `${ADDITIONAL} names ${extra}, which cannot be read`,
      hint: 'Name a file with certificates in PEM format, or unset it.',
      cause,
    });
  });
  await replaceFile(path, `${[...rootCertificates, own.trim()].join('\n')}\n`);
  return path;
}
