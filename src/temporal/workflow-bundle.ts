import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BundleOptions } from '@temporalio/worker';
import { bundleWorkflowCode } from '@temporalio/worker';
import writeFileAtomic from 'write-file-atomic';
import { readIfThere } from '../process/read-if-there.ts';

const WORKFLOWS = fileURLToPath(new URL(`../workflows/index${path.extname(import.meta.url)}`, import.meta.url));
/** Where the package has the bundle of its own pipelines; a checkout has none. */
const SHIPPED = fileURLToPath(new URL('../bundle/', import.meta.url));
/** Everything that the bundle is made of: workflows, and the constants and errors they import. */
const SOURCES = ['../workflows/', '../contracts/'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));

/**
 * The code of all pipelines, as one script for Temporal's sandbox: what the package ships, if that was made of exactly these
 * sources. Else it is bundled, which takes a second or two, and kept in the folder by content.
 */
export async function loadWorkflowBundle(folder: string): Promise<{ code: string }> {
  const name = `${await digest()}.js`;
  const kept = (await readIfThere(path.join(SHIPPED, name))) ?? (await readIfThere(path.join(folder, name)));
  if (kept !== undefined) return { code: kept };
  const { code } = await bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: quiet, webpackConfigHook: withoutMachinePaths });
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(path.join(folder, name), code, { fsync: false });
  return { code };
}

/** Its source map would name folders of the machine that it is made on, and the package is for others. */
const withoutMachinePaths: NonNullable<BundleOptions['webpackConfigHook']> = (config) => ({
  ...config,
  output: { ...config.output, devtoolModuleFilenameTemplate: '[resource-path]' },
});

/** Bundles where the package ships it. */
export async function bundleAhead(): Promise<void> {
  await loadWorkflowBundle(SHIPPED);
}

async function digest(): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  const sdk = fileURLToPath(import.meta.resolve('@temporalio/worker/package.json'));
  for (const file of [sdk, ...(await sources())]) hash.update(`${path.basename(file)}\0`).update(await readFile(file));
  return hash.digest('hex').slice(0, 32);
}

async function sources(): Promise<string[]> {
  const found = await Promise.all(
    SOURCES.map(async (folder) => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
        .map((entry) => path.join(entry.parentPath, entry.name));
    }),
  );
  return found.flat().sort();
}

const ignore = (): void => {};
/** Webpack's chatter; errors are thrown. */
const quiet = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };
