import { access, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { cacheFolder } from '../../src/cache-folder.ts';

/** https://schemathesis.readthedocs.io, from PyPI. */
const VERSION = '4.32.5';

/** The fuzzer's program, installed for this user once. Throws where there is no Python, or where it cannot be had from PyPI. */
export async function schemathesis(env: NodeJS.ProcessEnv): Promise<string> {
  const folder = join(cacheFolder(env), `schemathesis-${VERSION}`);
  const program = join(folder, 'bin', 'schemathesis');
  const isThere = await access(program).then(
    () => true,
    () => false,
  );
  if (isThere) return program;
  await mkdir(cacheFolder(env), { recursive: true });
  await rm(folder, { recursive: true, force: true });
  try {
    await execa('python3', ['-m', 'venv', folder]);
    await execa(join(folder, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', `schemathesis==${VERSION}`]);
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(`schemathesis ${VERSION} could not be installed. It needs python3 (3.10 or newer) with venv, and PyPI.`, { cause });
  }
  return program;
}
