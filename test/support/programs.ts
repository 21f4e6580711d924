import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a shell script that can be run, and answers its path. */
export async function shellProgram(path: string, body: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

/** A program that says of itself what Temporal's CLI says. */
export async function temporalLookalike(path: string, version = '1.5.1', serverVersion = '1.29.1'): Promise<string> {
  return shellProgram(path, `echo 'temporal version ${version} (Server ${serverVersion}, UI 2.42.1)'`);
}
