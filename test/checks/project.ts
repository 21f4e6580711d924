import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runChecks } from '../../src/checks/run-checks.ts';
import type { ChecksRequest } from '../../src/checks/run-checks.ts';
import type { ChecksResult } from '../../src/checks/checks-result.ts';
import { createProcessTrees } from '../../src/process/process-trees.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const NODE_MODULES = join(import.meta.dirname, '../../node_modules');

export interface Project extends AsyncDisposable {
  path: string;
  write(files: Record<string, string>): Promise<void>;
  check(commands: string | string[], options?: Partial<ChecksRequest>): Promise<ChecksResult>;
}

/** A repository's files in a temporary folder, and the means to check them with real processes. Its path has a space and a quote in it. */
export async function project(files: Record<string, string>): Promise<Project> {
  const directory = await temporaryDirectory();
  const processes = await createProcessTrees({ bootId: `test-${process.pid}-${Math.random()}` });
  const path = join(directory.path, "it's a project");
  const write = async (texts: Record<string, string>): Promise<void> => {
    for (const [name, text] of Object.entries(texts)) {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), text);
    }
  };
  await mkdir(path);
  await write(files);
  return {
    path,
    write,
    check: (commands, options) =>
      runChecks({
        commands: [commands].flat().map((command) => ({ command, runner: 'other' })),
        cwd: path,
        env: { PATH: process.env['PATH'] ?? '', HOME: directory.path },
        timeoutMs: 60_000,
        reportDir: join(directory.path, 'reports of "this" run'),
        outputFile: join(directory.path, 'output.log'),
        run: (request) => processes.run(request),
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      await processes[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Lends the project our own packages. */
export async function lendPackages({ path }: Project): Promise<void> {
  await symlink(NODE_MODULES, join(path, 'node_modules'));
}

export const packageJson = (test: string, more: Record<string, unknown> = {}): string =>
  JSON.stringify({ name: 'sample', type: 'module', scripts: { test }, ...more });
